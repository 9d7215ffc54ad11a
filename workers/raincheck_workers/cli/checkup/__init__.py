"""What `raincheck doctor` looks at, one file per part of a deployment."""
