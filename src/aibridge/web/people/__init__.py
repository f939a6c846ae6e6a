"""What may be done with people and their keys at the pages: the rules of the JSON API, told in a form's words."""
