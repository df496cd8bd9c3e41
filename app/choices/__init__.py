"""The enumerations that clients offer in their forms, with labels."""
