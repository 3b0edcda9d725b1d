"""The recipe of the shape model of lung fields."""
