"""The pages of the console and the frame around them."""
