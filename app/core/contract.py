"""What a route takes and gives, as decorators: the same pydantic models validate, serialise and make the OpenAPI document.

Written outermost to innermost: route, `@require`/`@public`, `@accepts`/`@queries`, `@returns`; so a role is checked before a body is read.
"""

import json
from collections.abc import Callable, Mapping
from functools import wraps
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from apiflask.scaffold import _annotate
from flask import Response, request
from pydantic import BaseModel, ValidationError
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.exceptions import BadRequest as MalformedBody

from app.core.problems import BadRequest, Invalid, MalformedJson, UnsupportedMedia, from_pydantic

View = Callable[..., Any]

JSON = "application/json"
MULTIPART = "multipart/form-data"
FORM = "application/x-www-form-urlencoded"
NOT_MODIFIED = "The caller's copy is as it should be."
# Where the OpenAPI document keeps a model.
REFERENCE = "#/components/schemas/{model}"

# Levels of a body: far more than a résumé has, far fewer than the interpreter's stack.
DEEPEST = 32


def accepts(model: type[BaseModel], *, multipart: bool = False, mislabelled: bool = False) -> Callable[[View], View]:
    """Validate the body as `model` and pass it as `data`; with `multipart`, forms with files are read too.

    With `mislabelled`, a body that begins with `{` is JSON whatever its Content-Type says: `curl -d` calls it a form.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def validated(*args: Any, **kwargs: Any) -> Any:
            any_type = mislabelled and request.get_data(cache=True).lstrip().startswith(b"{")
            payload = _form(model) if multipart and request.mimetype in {MULTIPART, FORM} else read_json(any_type=any_type)
            return view(*args, data=model.model_validate(_storable(payload)), **kwargs)

        _annotate(validated, body=model, body_example=None, body_examples=None, content_type=[JSON, MULTIPART] if multipart else JSON)
        return validated

    return decorate


def queries(model: type[BaseModel]) -> Callable[[View], View]:
    """Validate the query string as `model` and pass it as `query`; parameters that the model does not know are left alone.

    A parameter that the model holds as a list may be repeated, and each may hold several values separated by commas.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def validated(*args: Any, **kwargs: Any) -> Any:
            known = {name: value for name, value in request.args.items() if name in model.model_fields and value != ""}
            several = {name: _separated(request.args.getlist(name)) for name in known if get_origin(model.model_fields[name].annotation) is list}
            return view(*args, query=_read_query(model, known | several), **kwargs)

        if not getattr(validated, "_spec", {}).get("args"):
            _annotate(validated, args=[])
        validated._spec["args"].append((model, "query"))  # type: ignore[attr-defined]  # APIFlask keeps it on the view.
        return validated

    return decorate


def returns(model: type[BaseModel] | None, status: int = 200) -> Callable[[View], View]:
    """Serialise what the view returns; `None` documents an empty 204. A view may return a Response itself."""

    def decorate(view: View) -> View:
        @wraps(view)
        def serialised(*args: Any, **kwargs: Any) -> Any:
            result = view(*args, **kwargs)
            if isinstance(result, BaseModel):
                return Response(result.model_dump_json(), status=status, content_type=JSON)
            return result if result is not None else Response(status=204)

        _document(serialised, model, status)
        return serialised

    return decorate


def _read_query(model: type[BaseModel], sent: dict[str, Any]) -> BaseModel:
    try:
        return model.model_validate(_storable(sent))
    except ValidationError as error:
        # The client sent names, not places in a list.
        raise from_pydantic(error, nested=False) from error


def _separated(sent: list[str]) -> list[str]:
    return [value.strip() for values in sent for value in values.split(",") if value.strip()]


def returns_file(content_type: str) -> Callable[[View], View]:
    """Document a 200 whose body is a file of that media type; the view returns the Response itself."""

    def decorate(view: View) -> View:
        _annotate_response(view, {"type": "string", "format": "binary"}, 200, content_type)
        return view

    return decorate


def answers_also(status: int, description: str, model: type[BaseModel] | None = None) -> Callable[[View], View]:
    """Document another answer that a route gives: without a body, or with `model` as JSON. Problems need no mention."""

    def decorate(view: View) -> View:
        spec = getattr(view, "_spec", {})
        body = {JSON: {"schema": {"$ref": REFERENCE.format(model=model.__name__)}}} if model else {}
        responses = {**spec.get("responses", {}), status: {"description": description, "content": body}}
        _annotate(view, responses=responses, further_models=[*spec.get("further_models", []), *([model] if model else [])])
        return view

    return decorate


def _document(view: View, model: type[BaseModel] | None, status: int) -> None:
    _annotate_response(view, model or {}, status if model else 204, JSON)


def _annotate_response(view: View, schema: Any, status: int, content_type: str) -> None:
    response = {"schema": schema, "schema_adapter_many": False, "status_code": status, "description": None, "content_type": content_type}
    _annotate(view, response={**response, "example": None, "examples": None, "links": None, "headers": None})


def read_json(*, any_type: bool = False) -> Any:
    """The JSON body; an absent one counts as `{}`. Raises MalformedJson, UnsupportedMedia."""
    if not request.get_data(cache=True):
        return {}
    if not (any_type or request.is_json or not request.mimetype):
        raise UnsupportedMedia(f"Send the body as {JSON}, not as {request.mimetype}.")
    try:
        return request.get_json(force=True)
    except (MalformedBody, RecursionError, UnicodeError) as error:
        raise MalformedJson from error


def _form(model: type[BaseModel]) -> dict[str, Any]:
    """Form fields and files as the model's input: fields that are not text may hold JSON, an empty one counts as null, and one file is the most."""
    try:
        form: MultiDict[str, str] = request.form
    except ValueError as error:
        raise BadRequest("The form is not complete, or not what its Content-Type says.") from error
    values = {name: _form_value(model, name, form.getlist(name)) for name in form}
    files = {name: [file for file in request.files.getlist(name) if file.filename] for name in request.files}
    return {**values, **{name: _only(name, sent) for name, sent in files.items() if sent}}


def _only(name: str, sent: list[FileStorage]) -> FileStorage:
    if len(sent) > 1:
        raise Invalid({name: "Send one file only."})
    return sent[0]


def _form_value(model: type[BaseModel], name: str, sent: list[str]) -> Any:
    field = model.model_fields.get(name)
    if field is None or _is_text(field.annotation):
        return sent[-1]
    value = sent[-1].strip()
    if value[:1] in {"[", "{"}:
        try:
            return json.loads(value)
        except (ValueError, RecursionError) as error:
            raise Invalid({name: "This is not valid JSON."}) from error
    if len(sent) > 1:
        return sent
    return value or None


def _is_text(annotation: Any) -> bool:
    """Whether a field takes plain text, perhaps constrained or optional; a list of texts does not."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _is_text(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return any(_is_text(choice) for choice in get_args(annotation))
    return annotation is str


def _storable(payload: Any) -> Any:
    """Refuse NUL, which PostgreSQL text cannot hold, wherever it hides, and what is nested too deeply. Raises Invalid, BadRequest."""
    if not isinstance(payload, dict):
        raise BadRequest("The body must be a JSON object.")
    for name, value in payload.items():
        if _has_nul(name) or _has_nul(value):
            raise Invalid({_printable(name): "NUL characters are not allowed."})
    return payload


def _has_nul(value: Any, depth: int = 0) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if depth > DEEPEST:
        raise BadRequest(f"The body is nested more than {DEEPEST} levels deep.")
    if isinstance(value, Mapping):
        return any(_has_nul(key) or _has_nul(item, depth + 1) for key, item in value.items())
    return isinstance(value, list) and any(_has_nul(item, depth + 1) for item in value)


def _printable(name: str) -> str:
    return name.replace("\x00", "")[:100] or "non_field_errors"
