package dev.lora4j.llm.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.io.JsonDocument;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The fields of a Hugging Face {@code config.json} that do not follow from names and shapes.
 *
 * @param architecture the first class that it names, such as {@code LlamaForCausalLM}
 * @param tiesHead whether the output head is the input embedding (weight tying), if given
 * @param quantization {@code quantization_config.quant_method}, if the weights are quantized
 */
public record ModelConfig(
    String modelType,
    String architecture,
    Optional<Boolean> tiesHead,
    Optional<String> quantization) {
  public static final String FILE = "config.json";

  /** Reads the config of a directory, if it has one. */
  static Optional<ModelConfig> in(Path directory) {
    Path file = directory.resolve(FILE);
    return Files.exists(file) ? Optional.of(of(JsonDocument.read(file).json())) : Optional.empty();
  }

  private static ModelConfig of(JsonNode json) {
    JsonNode text = json.path("text_config"); // of vision-language models
    JsonNode tie = json.has("tie_word_embeddings") ? json : text;
    JsonNode quantization = json.path("quantization_config");
    return new ModelConfig(
        json.path("model_type").asText(""),
        json.path("architectures").path(0).asText(""),
        tie.has("tie_word_embeddings")
            ? Optional.of(tie.path("tie_word_embeddings").asBoolean())
            : Optional.empty(),
        quantization.isObject()
            ? Optional.of(quantization.path("quant_method").asText("quantized"))
            : Optional.empty());
  }

  /** Returns whether the network has an output head over its vocabulary. */
  boolean hasWordHead() {
    return architecture.endsWith("ForCausalLM")
        || architecture.endsWith("LMHeadModel")
        || architecture.endsWith("ForConditionalGeneration");
  }

  /** Returns whether its linear layers are GPT-2's, with weights of {@code [in, out]}. */
  boolean usesTransposedLinear() {
    return modelType.equals("gpt2") || modelType.equals("openai-gpt");
  }
}
