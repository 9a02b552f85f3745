"""What is said of the questions of a service."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validates_schema

from bookingd.api.schemas.fields import Choice, Distinct, Flag, Text
from bookingd.api.schemas.responses import Body
from storage import model
from storage.model import QuestionType


class NewQuestion(Schema):
    """What a service asks of who books it; the answer is found in `answers` under `label`."""

    label = Text(200, required=True)
    type = Choice(QuestionType, metadata={"description": "What an answer may be."})
    required = Flag()
    choices = Distinct(
        Text(200), most=100, metadata={"description": "The answers of a `choice`, and of no other."}
    )

    @validates_schema
    def _choices(self, data: dict[str, Any], **_: Any) -> None:
        if (data.get("type") is QuestionType.CHOICE) != bool(data.get("choices")):
            raise ValidationError("Is needed for a choice, and for nothing else.", "choices")

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> model.Question:
        return model.Question(**data)


class Questions(fields.List[Any]):
    """Questions with different labels."""

    def _deserialize(self, value: Any, *arguments: Any, **options: Any) -> Any:
        found: tuple[Any, ...] = tuple(super()._deserialize(value, *arguments, **options))
        if len({question.label for question in found}) < len(found):
            raise ValidationError("Must not have the same label twice.")
        return found


class Question(Body):
    """What a service asks of who books it; the answer is found in `answers` under `label`."""

    label = fields.String()
    type = Choice(QuestionType)
    required = fields.Boolean()
    choices = fields.List(fields.String())
