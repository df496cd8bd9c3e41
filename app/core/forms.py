"""Reading forms: one that is cut off or mislabelled is an error, not an empty form."""

from typing import Any

from flask import Request
from werkzeug.formparser import FormDataParser


class StrictFormParser(FormDataParser):
    """Raises ValueError for a form that it cannot read, which its base takes for one without fields: a PATCH would change nothing and say 200."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.silent = False


class StrictRequest(Request):
    """A request whose `form` and `files` raise ValueError when its body is no form."""

    form_data_parser_class = StrictFormParser
