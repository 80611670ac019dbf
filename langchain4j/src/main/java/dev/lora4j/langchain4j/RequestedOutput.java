package dev.lora4j.langchain4j;

import com.fasterxml.jackson.databind.JsonNode;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.request.ResponseFormatType;
import dev.langchain4j.model.chat.request.json.JsonSchema;
import dev.lora4j.UserError;
import dev.lora4j.llm.chat.ChatFormat;
import dev.lora4j.serve.engine.ConstraintCache;
import dev.lora4j.serve.engine.OutputRules;
import java.util.Optional;

/**
 * The form of answers that a request asks for.
 *
 * @param json whether text has to be JSON
 * @param schema the schema of that JSON; empty for any object
 */
record RequestedOutput(Optional<RequestedTools> tools, boolean json, Optional<JsonNode> schema) {

  /**
   * Reads the parameters of a request.
   *
   * @throws UserError if the tools are invalid
   */
  static RequestedOutput of(ChatRequestParameters parameters) {
    Optional<ResponseFormat> format =
        Optional.ofNullable(parameters.responseFormat())
            .filter(given -> given.type() == ResponseFormatType.JSON);
    return new RequestedOutput(
        RequestedTools.of(parameters),
        format.isPresent(),
        format.map(ResponseFormat::jsonSchema).map(JsonSchema::rootElement).map(SchemaJson::of));
  }

  /**
   * Returns the rules that the engine enforces.
   *
   * @throws UserError if the chat template does not support tools, or a schema can't be enforced
   */
  OutputRules rules(ChatFormat chat, ConstraintCache cache) {
    if (tools.isEmpty()) {
      return json ? OutputRules.constrained(cache.json(chat.tokenizer(), schema)) : OutputRules.ANY;
    }
    RequestedTools given = tools.get();
    if (given.required()) {
      return OutputRules.requiredCalls(chat, cache, given.functions(), /* several= */ true);
    }
    return json
        ? OutputRules.callsOrJson(chat, cache, given.functions(), /* several= */ true, schema)
        : OutputRules.optionalCalls(chat, /* several= */ true);
  }
}
