package dev.lora4j.serve.api;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.UserError;
import dev.lora4j.llm.constrain.Constraint;
import dev.lora4j.llm.tokenizer.Tokenizer;
import dev.lora4j.serve.engine.ConstraintCache;
import dev.lora4j.serve.http.ApiException;
import dev.lora4j.serve.http.Params;
import java.util.Optional;

/**
 * The request's {@code response_format}.
 *
 * @param schema the JSON Schema of the answer; empty for any JSON object
 */
record ResponseFormat(Optional<JsonNode> schema) {
  private static final String NAME = "response_format";
  private static final String SCHEMA = NAME + ".json_schema.schema";
  private static final int MAX_SCHEMA = 1 << 18;

  /** Reads the format; empty for plain text. */
  static Optional<ResponseFormat> of(Params params) {
    return params.object(NAME).flatMap(ResponseFormat::read);
  }

  private static Optional<ResponseFormat> read(Params format) {
    Optional<JsonNode> schema = format.object("json_schema").map(ResponseFormat::schema);
    String type = format.requiredText("type");
    return switch (type) {
      case "text" -> Optional.empty();
      case "json_object" -> Optional.of(new ResponseFormat(Optional.empty()));
      case "json_schema" -> {
        format.required("json_schema");
        yield Optional.of(new ResponseFormat(schema));
      }
      default ->
          throw ApiException.invalid(
              NAME + ".type",
              NAME + ".type: expected text, json_object or json_schema, found \"" + type + "\"");
    };
  }

  private static JsonNode schema(Params named) {
    if (!named.requiredText("name").matches("[a-zA-Z0-9_-]{1,64}")) {
      throw ApiException.invalid(
          NAME + ".json_schema.name",
          NAME + ".json_schema.name: expected 1 to 64 letters, digits, _ and -");
    }
    named.text("description"); // the model does not read it
    named.flag("strict"); // schemas are enforced in any case
    JsonNode schema = named.required("schema");
    if (!schema.isObject()) {
      throw named.refusal("schema", "a JSON Schema, an object", schema);
    }
    return schema;
  }

  /**
   * Returns the constraint on the answer.
   *
   * @throws ApiException naming the place in the schema that is wrong or not supported
   */
  Constraint constraint(Tokenizer tokenizer, ConstraintCache cache) {
    int length = schema.map(JsonNode::toString).orElse("").length();
    if (length > MAX_SCHEMA) {
      throw ApiException.invalid(
          SCHEMA, SCHEMA + ": at most %d characters, found %d".formatted(MAX_SCHEMA, length));
    }
    try {
      return cache.json(tokenizer, schema);
    } catch (UserError e) {
      throw ApiException.invalid(
          schema.isPresent() ? SCHEMA : NAME, String.valueOf(e.getMessage()));
    }
  }
}
