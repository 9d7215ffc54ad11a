"""What is shown, one file per thing: contracts in, Rich renderables out."""
