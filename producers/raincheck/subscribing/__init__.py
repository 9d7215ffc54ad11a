"""Deploying subscriptions: from a pipeline with triggers to what the index keeps."""
