"""Executing one delivery of a step, whoever delivers it."""
