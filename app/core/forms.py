"""Reading bodies: a form that is cut off or mislabelled is an error, not an empty form, and a body without a length has the same bound."""

from typing import Any

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser


class StrictFormParser(FormDataParser):
    """Raises ValueError for a form that it cannot read, which its base takes for one without fields: a PATCH would change nothing and say 200."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.silent = False


class StrictRequest(Request):
    """A request whose `form` and `files` raise ValueError when its body is no form."""

    form_data_parser_class = StrictFormParser

    def get_data(self, *args: Any, **kwargs: Any) -> Any:
        """The body. Raises RequestEntityTooLarge also for one that comes in chunks, of which Werkzeug would give the first part as if it were all."""
        data = super().get_data(*args, **kwargs)
        if self.content_length is None and self.max_content_length is not None and len(data) >= self.max_content_length:
            raise RequestEntityTooLarge
        return data
