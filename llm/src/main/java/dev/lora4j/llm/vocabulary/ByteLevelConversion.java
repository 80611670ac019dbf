package dev.lora4j.llm.vocabulary;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.CorruptFile;
import java.nio.file.Path;
import java.util.List;

/**
 * Converts {@code vocab.json} and {@code merges.txt} of GPT-2 or Qwen 2 to a {@code
 * tokenizer.json}.
 */
final class ByteLevelConversion {
  static final String END = "<|endoftext|>";
  private static final String QWEN2 =
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}|"
          + " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
  private static final List<String> SPECIAL =
      List.of("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token");

  private ByteLevelConversion() {}

  /**
   * Returns the {@code tokenizer.json}.
   *
   * @param qwen whether words are split by Qwen 2's rule, instead of GPT-2's
   */
  static ObjectNode of(
      Path mergesFile, ObjectNode vocab, String merges, JsonNode config, boolean qwen) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("version", "1.0").putNull("truncation").putNull("padding");
    added(json.putArray("added_tokens"), vocab, config, qwen);
    boolean prefix = config.path("add_prefix_space").asBoolean(false);
    if (qwen) {
      json.putObject("normalizer").put("type", "NFC");
      ArrayNode steps =
          json.putObject("pre_tokenizer").put("type", "Sequence").putArray("pretokenizers");
      ObjectNode split = steps.addObject().put("type", "Split");
      split.putObject("pattern").put("Regex", QWEN2);
      split.put("behavior", "Isolated").put("invert", false);
      byteLevel(steps.addObject(), prefix, false);
    } else {
      json.putNull("normalizer");
      byteLevel(json.putObject("pre_tokenizer"), prefix, true);
    }
    json.putNull("post_processor");
    byteLevel(json.putObject("decoder"), true, true);
    ObjectNode model = json.putObject("model").put("type", "BPE").putNull("dropout");
    model.putNull("unk_token").put("continuing_subword_prefix", "").put("end_of_word_suffix", "");
    model.put("fuse_unk", false).put("byte_fallback", false).put("ignore_merges", false);
    model.set("vocab", vocab);
    merges(model.putArray("merges"), mergesFile, merges);
    return json;
  }

  private static void byteLevel(ObjectNode step, boolean addsPrefixSpace, boolean splits) {
    step.put("type", "ByteLevel")
        .put("add_prefix_space", addsPrefixSpace)
        .put("trim_offsets", true)
        .put("use_regex", splits);
  }

  /** Special tokens are matched first. */
  private static void added(ArrayNode added, ObjectNode vocab, JsonNode config, boolean qwen) {
    ObjectNode known = JsonNodeFactory.instance.objectNode();
    for (String name : SPECIAL) {
      boolean given = config.hasNonNull(name);
      boolean standard = name.equals("eos_token") || name.equals("unk_token");
      standard |= name.equals(qwen ? "pad_token" : "bos_token");
      JsonNode token = config.path(name);
      String text = given ? DeclaredTokens.text(token) : END;
      if ((given || (standard && vocab.has(END))) && !text.isEmpty() && !known.has(text)) {
        known.put(text, true);
        if (vocab.has(text)) {
          added.add(AddedTokens.token(vocab.path(text).asInt(-1), text, true));
        }
      }
    }
  }

  private static void merges(ArrayNode out, Path file, String merges) {
    int number = 0;
    for (String line : merges.split("\n", -1)) {
      number++;
      String merge = line.endsWith("\r") ? line.substring(0, line.length() - 1) : line;
      if (merge.isEmpty() || (number == 1 && merge.startsWith("#version"))) {
        continue;
      }
      String[] pair = merge.split(" ", -1);
      if (pair.length != 2 || pair[0].isEmpty() || pair[1].isEmpty()) {
        throw new CorruptFile(
            file, "line %d: expected two tokens, found '%s'".formatted(number, merge));
      }
      out.addArray().add(pair[0]).add(pair[1]);
    }
  }
}
