package dev.lora4j.cli.show;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.io.gguf.GgufFile;
import dev.lora4j.io.gguf.GgufKind;
import dev.lora4j.io.gguf.GgufValue;
import dev.lora4j.llm.checkpoint.ListedTensor;
import java.io.PrintStream;
import java.math.BigInteger;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The contents of a GGUF file, a model or an adapter of any architecture: its metadata with long
 * values shortened, its tensors, and the size of each format.
 */
public final class GgufListing implements Listing {
  private static final int LONGEST_TEXT = 80;
  private static final int LONGEST_LIST = 8;
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  private final GgufFile file;
  private final List<ListedTensor> tensors;

  public GgufListing(GgufFile file) {
    this.file = file;
    tensors = ListedTensor.of(file);
  }

  /** The type of the file; a model unless stated, by the specification. */
  private String type() {
    return file.text("general.type").orElse("model");
  }

  private String architecture() {
    return file.text("general.architecture").orElse("unknown architecture");
  }

  @Override
  public void print(PrintStream out, boolean all) {
    out.printf("GGUF %s: %s%n", type(), oneLine(architecture()));
    file.metadata().forEach((key, value) -> out.printf("  %s: %s%n", oneLine(key), shown(value)));
    new TensorListing(tensors).print(out, all);
    formats()
        .forEach(
            (format, sum) ->
                out.printf(
                    "  %s: %s tensors, %s%n",
                    format, NumberFormats.count(sum.count()), NumberFormats.bytes(sum.bytes())));
  }

  private static String shown(GgufValue value) {
    if (value instanceof GgufValue.Text text) {
      return shown(text.text());
    }
    if (value instanceof GgufValue.Items items) {
      return items.values().size() <= LONGEST_LIST
          ? items.values().stream().map(GgufListing::shown).toList().toString()
          : NumberFormats.count(items.values().size()) + " × " + word(items.elements());
    }
    return json(value).asText();
  }

  private static String shown(String text) {
    int characters = text.codePointCount(0, text.length());
    if (characters <= LONGEST_TEXT) {
      return oneLine(text);
    }
    String beginning = text.substring(0, text.offsetByCodePoints(0, LONGEST_TEXT));
    return oneLine(beginning) + "… (" + NumberFormats.count(characters) + " characters)";
  }

  /** Escapes text from a file, so that it can't move the cursor. */
  private static String oneLine(String text) {
    return TerminalText.harmless(text.replace("\n", "\\n"));
  }

  private static String word(GgufKind kind) {
    return kind.name().toLowerCase(Locale.ROOT);
  }

  @Override
  public void fill(ObjectNode root) {
    ObjectNode gguf = root.putObject("gguf");
    gguf.put("type", type());
    file.text("general.architecture").ifPresent(name -> gguf.put("architecture", name));
    ObjectNode metadata = gguf.putObject("metadata");
    file.metadata().forEach((key, value) -> metadata.set(key, json(value)));
    ObjectNode formats = gguf.putObject("formats");
    formats()
        .forEach(
            (format, sum) ->
                formats.putObject(format).put("tensors", sum.count()).put("bytes", sum.bytes()));
    new TensorListing(tensors).fill(root);
  }

  /** A value; of a long list only its length and element type. */
  private static JsonNode json(GgufValue value) {
    if (value instanceof GgufValue.Whole whole) {
      return whole.kind() == GgufKind.U64
          ? JSON.numberNode(new BigInteger(Long.toUnsignedString(whole.number())))
          : JSON.numberNode(whole.number());
    }
    if (value instanceof GgufValue.Real real) {
      return real.kind() == GgufKind.F32
          ? JSON.numberNode((float) real.number())
          : JSON.numberNode(real.number());
    }
    if (value instanceof GgufValue.Flag flag) {
      return JSON.booleanNode(flag.value());
    }
    if (value instanceof GgufValue.Items items) {
      return json(items);
    }
    return JSON.textNode(((GgufValue.Text) value).text());
  }

  private static JsonNode json(GgufValue.Items items) {
    if (items.values().size() > LONGEST_LIST) {
      return JSON.objectNode()
          .put("count", items.values().size())
          .put("of", word(items.elements()));
    }
    ArrayNode list = JSON.arrayNode();
    items.values().forEach(item -> list.add(json(item)));
    return list;
  }

  private record Sum(int count, long bytes) {
    Sum plus(Sum other) {
      return new Sum(count + other.count, bytes + other.bytes);
    }
  }

  private Map<String, Sum> formats() {
    Map<String, Sum> formats = new LinkedHashMap<>();
    tensors.forEach(t -> formats.merge(t.format(), new Sum(1, t.bytes()), Sum::plus));
    return formats;
  }
}
