"""The data shapes of everything that crosses a process. Pydantic only, no I/O."""
