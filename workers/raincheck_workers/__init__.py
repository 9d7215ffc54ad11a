"""What runs behind the queue."""
