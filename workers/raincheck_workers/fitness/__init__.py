"""Whether a server is fit: looked at by `raincheck doctor`, and by workers before they start."""
