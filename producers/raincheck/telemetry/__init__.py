"""Traces: what producers and workers say about their work, when somebody listens."""
