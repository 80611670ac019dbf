package dev.lora4j.cli.embed;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.CorruptFile;
import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.llm.dataset.TextData;
import dev.lora4j.llm.dataset.file.DataFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * Texts to embed: the rows of a jsonl, json, csv, tsv or parquet file, the lines of a txt file, or
 * texts of the command line. Rows are streamed.
 */
public final class TextRows {
  private static final String TEXT = "text";
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Source source;

  private interface Source {
    void read(Consumer<TextRow> taker);
  }

  private TextRows(Source source) {
    this.source = source;
  }

  /** Returns these texts. */
  public static TextRows of(List<String> texts) {
    return new TextRows(taker -> texts.forEach(text -> taker.accept(plain(text))));
  }

  /**
   * Returns the rows of a file.
   *
   * @param options the column with the text, under the field {@code text}; by default {@code text},
   *     else the only column with texts
   */
  public static TextRows in(Path path, TextData.Options options) {
    DataFile file = new DataFile(path, options.encoding(), options.split());
    if (file.isPlainText()) {
      return new TextRows(taker -> lines(file).forEach(line -> taker.accept(plain(line))));
    }
    return new TextRows(taker -> read(file, options, taker));
  }

  private static List<String> lines(DataFile file) {
    return file.readText().lines().toList();
  }

  private static TextRow plain(String text) {
    return new TextRow(JsonNodeFactory.instance.objectNode().put(TEXT, text), text);
  }

  private static void read(DataFile file, TextData.Options options, Consumer<TextRow> taker) {
    List<String> column = new ArrayList<>(); // of the first row
    file.read(
        (number, json) -> {
          ObjectNode fields = parsed(file, number, json);
          if (column.isEmpty()) {
            column.add(column(file, options, fields));
          }
          taker.accept(new TextRow(fields, text(file, number, fields, column.get(0))));
          return true;
        });
  }

  private static ObjectNode parsed(DataFile file, long number, String json) {
    try {
      if (JSON.readTree(json) instanceof ObjectNode object) {
        return object;
      }
      throw new CorruptFile(file.path(), "row %d: expected an object".formatted(number));
    } catch (JsonProcessingException e) {
      throw new CorruptFile(file.path(), "row %d: %s".formatted(number, e.getOriginalMessage()), e);
    }
  }

  private static String column(DataFile file, TextData.Options options, ObjectNode first) {
    List<String> names = new ArrayList<>();
    first.fieldNames().forEachRemaining(names::add);
    String column = chosen(file, options.columns(), first, names);
    if (options.strict() && names.size() > 1) {
      throw new UserError(
          "%s: --strict refuses columns beside '%s', found %s"
              .formatted(file.name(), column, String.join(", ", names)));
    }
    return column;
  }

  private static String chosen(
      DataFile file, Map<String, String> columns, ObjectNode first, List<String> names) {
    for (String field : columns.keySet()) {
      if (!field.equals(TEXT)) {
        throw new UserError("--columns: there is no field '" + field + "' to embed; use text=");
      }
    }
    String named = columns.getOrDefault(TEXT, TEXT);
    if (first.has(named)) {
      return named;
    }
    if (columns.containsKey(TEXT)) {
      throw new UserError(
          "%s: no column '%s'%s".formatted(file.name(), named, NearMiss.hint(named, names)));
    }
    List<String> texts = names.stream().filter(name -> first.path(name).isTextual()).toList();
    if (texts.size() != 1) {
      throw new UserError(
          "%s: which column is the text? Name it: --columns text=COLUMN; columns: %s"
              .formatted(file.name(), String.join(", ", names)));
    }
    return texts.get(0);
  }

  private static String text(DataFile file, long number, ObjectNode fields, String column) {
    JsonNode text = fields.path(column);
    if (!text.isTextual()) {
      throw new UserError(
          "%s: row %d, column '%s': expected a text, found %s"
              .formatted(file.name(), number, column, text.isMissingNode() ? "nothing" : text));
    }
    return text.asText();
  }

  /** Passes all rows to a consumer, in their order. */
  public void forEach(Consumer<TextRow> taker) {
    source.read(taker);
  }

  /** Counts the rows and checks each of them. */
  public long count() {
    AtomicLong count = new AtomicLong();
    forEach(row -> count.incrementAndGet());
    return count.get();
  }
}
