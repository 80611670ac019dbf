package dev.lora4j.llm.embedding;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.gguf.ModelFiles;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The preparation of texts by sentence-transformers: prompts of {@code
 * config_sentence_transformers.json}, and the length and case of {@code sentence_bert_config.json}.
 *
 * @param prompts texts to put before a text, by name
 * @param defaultPrompt name of the prompt that is used unless another is named
 * @param maxTokens maximum sequence length, special tokens included
 * @param lowerCase whether texts are put into lower case
 */
record TextSettings(
    Map<String, String> prompts, Optional<String> defaultPrompt, int maxTokens, boolean lowerCase) {

  TextSettings {
    prompts = Collections.unmodifiableMap(new LinkedHashMap<>(prompts));
  }

  /**
   * Reads the settings of a model.
   *
   * @param root the model's files
   * @param transformer those of its network, which may be in a directory below
   * @param maxPositions the largest number of tokens that the network takes
   */
  static TextSettings read(ModelFiles root, ModelFiles transformer, int maxPositions) {
    JsonDocument model = root.json("config_sentence_transformers.json");
    JsonDocument texts = transformer.json("sentence_bert_config.json");
    JsonDocument tokenizer = transformer.json("tokenizer_config.json");
    if (tokenizer.text("truncation_side", "right").equals("left")) {
      throw new UserError(
          tokenizer.path("truncation_side")
              + " = left is not supported, and it would change the result");
    }
    double limit =
        texts.number("max_seq_length", tokenizer.positive("model_max_length", maxPositions));
    Optional<String> byDefault =
        Optional.of(model.text("default_prompt_name", "")).filter(name -> !name.isEmpty());
    return new TextSettings(
        prompts(model),
        byDefault,
        (int) Math.min(maxPositions, limit),
        texts.flag("do_lower_case", false));
  }

  private static Map<String, String> prompts(JsonDocument model) {
    Map<String, String> prompts = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> prompt : model.object("prompts").fields()) {
      if (prompt.getValue().isTextual()) {
        prompts.put(prompt.getKey(), prompt.getValue().asText());
      }
    }
    return prompts;
  }

  /**
   * Returns the prompt of a name.
   *
   * @throws UserError if the model has none of that name
   */
  String prompt(String name) {
    String prompt = prompts.get(name);
    if (prompt == null) {
      throw new UserError(
          prompts.isEmpty()
              ? "the model has no prompts, so none is named '" + name + "'"
              : "no prompt '" + name + "'" + NearMiss.hint(name, prompts.keySet()));
    }
    return prompt;
  }

  /** Returns the default prompt; an empty text if there is none. */
  String standardPrompt() {
    return defaultPrompt.map(this::prompt).orElse("");
  }
}
