"""A telephone line, scripted far ends and a virtual clock."""
