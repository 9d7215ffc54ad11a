"""How frames become Arrow arrays and back; imported only when there is a frame."""
