"""What pipeline authors and publishers import."""
