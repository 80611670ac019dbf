package dev.lora4j.langchain4j;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.langchain4j.internal.JsonSchemaElementUtils;
import dev.langchain4j.model.chat.request.json.JsonRawSchema;
import dev.langchain4j.model.chat.request.json.JsonSchemaElement;

/**
 * LangChain4j's schemas as JSON Schema. Objects have no properties but those that the schema names;
 * a {@link JsonRawSchema} stays as it is.
 */
final class SchemaJson {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String PROPERTIES = "properties";
  private static final String OTHERS = "additionalProperties";

  private SchemaJson() {}

  static JsonNode of(JsonSchemaElement schema) {
    JsonNode json = JSON.valueToTree(JsonSchemaElementUtils.toMap(schema));
    if (!(schema instanceof JsonRawSchema)) {
      close(json);
    }
    return json;
  }

  private static void close(JsonNode schema) {
    schema.forEach(SchemaJson::close);
    if (schema instanceof ObjectNode object
        && object.path("type").asText().equals("object")
        && !object.path(PROPERTIES).isEmpty()
        && !object.has(OTHERS)) {
      object.put(OTHERS, false);
    }
  }
}
