"""What monitors such as Flower are told: events of steps, states of tasks."""
