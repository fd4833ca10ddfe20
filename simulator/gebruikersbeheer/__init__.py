"""Gebruikersbeheer: where local administrators say who works for their organisation and who may do what there."""
