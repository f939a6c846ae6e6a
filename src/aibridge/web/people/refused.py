"""A form that cannot be taken: why, and at which field."""


class FormRefused(Exception):
    """The sentence to show beside `field` of the form named `form`."""

    def __init__(self, form: str, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.form = form
        self.field = field
        self.sentence = sentence
