package dev.lora4j.llm.gguf;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The pre-tokenizers of byte-level BPE, {@code tokenizer.ggml.pre}: how a text is split. */
enum SplitRule {
  GPT2(List.of("gpt-2", "phi-2", "mpt", "olmo", "jais", "trillion"), List.of()),
  SMOLLM(
      List.of("smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b"),
      List.of()),
  LLAMA3(
      List.of("llama-bpe", "llama3", "llama-v3", "falcon3", "pixtral"),
      List.of(
          "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|"
              + " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+")),
  QWEN2(
      List.of("qwen2", "stablelm2", "deepseek-r1-qwen", "megrez"),
      List.of(
          "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}|"
              + " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+")),
  TEKKEN(
      List.of("tekken"),
      List.of(
          "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*"
              + "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+|"
              + "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+"
              + "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*|\\p{N}|"
              + " ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+")),
  DEFAULT(
      List.of("default"),
      List.of(
          "[\\p{P}\\$\\+<=>\\^~\\|]+",
          "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)",
          "\\p{N}+",
          "[0-9][0-9][0-9]"));

  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  @SuppressWarnings("ImmutableEnumChecker") // made by List.of
  private final List<String> names;

  @SuppressWarnings("ImmutableEnumChecker") // made by List.of
  private final List<String> patterns;

  SplitRule(List<String> names, List<String> patterns) {
    this.names = names;
    this.patterns = patterns;
  }

  static SplitRule named(Path file, String name) {
    return Arrays.stream(values())
        .filter(rule -> rule.names.contains(name))
        .findFirst()
        .orElseThrow(
            () -> {
              List<String> all =
                  Arrays.stream(values()).flatMap(rule -> rule.names.stream()).toList();
              return new UserError(
                  "%s: tokenizer.ggml.pre: '%s' is not supported%s"
                      .formatted(file, name, NearMiss.hint(name, all)));
            });
  }

  /** Returns the rule of a {@code tokenizer.json}; empty if it is none of these. */
  static Optional<SplitRule> in(JsonNode preTokenizer) {
    List<String> steps = steps(preTokenizer);
    return Arrays.stream(values()).filter(rule -> steps(rule.json()).equals(steps)).findFirst();
  }

  String ggmlName() {
    return names.get(0);
  }

  /** Returns whether a word that is a token is not merged further. */
  boolean ignoresMerges() {
    return this == LLAMA3 || this == TEKKEN;
  }

  /** Returns whether BOS is prepended by default. */
  boolean addsBos() {
    return this == LLAMA3 || this == TEKKEN;
  }

  /** Returns the {@code pre_tokenizer} of a {@code tokenizer.json}. */
  ObjectNode json() {
    if (this == GPT2) {
      return byteLevel(false, true, true);
    }
    ObjectNode sequence = JSON.objectNode().put("type", "Sequence");
    ArrayNode steps = sequence.putArray("pretokenizers");
    if (this == SMOLLM) {
      steps.addObject().put("type", "Digits").put("individual_digits", true);
      steps.add(byteLevel(false, true, true));
      return sequence;
    }
    for (String pattern : patterns) {
      ObjectNode split = steps.addObject().put("type", "Split");
      split.putObject("pattern").put("Regex", pattern);
      split.put("behavior", "Isolated").put("invert", false);
    }
    steps.add(byteLevel(false, true, false));
    return sequence;
  }

  /** Returns a byte-level step of a tokenizer, which may split words by GPT-2's pattern. */
  static ObjectNode byteLevel(boolean addsPrefixSpace, boolean trimsOffsets, boolean splits) {
    return JSON.objectNode()
        .put("type", "ByteLevel")
        .put("add_prefix_space", addsPrefixSpace)
        .put("trim_offsets", trimsOffsets)
        .put("use_regex", splits);
  }

  /** Returns the significant fields of a pre_tokenizer, step by step. */
  private static List<String> steps(JsonNode preTokenizer) {
    JsonNode inner = preTokenizer.path("pretokenizers");
    List<String> steps = new ArrayList<>();
    for (JsonNode step : inner.isArray() ? inner : List.of(preTokenizer)) {
      String type = step.path("type").asText();
      Stream<String> matters =
          switch (type) {
            case "Digits" -> Stream.of(step.path("individual_digits").asText());
            case "Split" ->
                Stream.of(
                    step.path("pattern").path("Regex").asText(),
                    step.path("behavior").asText(),
                    step.path("invert").asText());
            case "ByteLevel" ->
                Stream.of(
                    step.path("add_prefix_space").asText(), step.path("use_regex").asText("true"));
            default -> Stream.of(step.toString());
          };
      steps.add(type + matters.toList());
    }
    return steps;
  }
}
