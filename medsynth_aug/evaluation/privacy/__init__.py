"""Privacy: how near synthetic images come to the films that their checkpoint was trained on."""
