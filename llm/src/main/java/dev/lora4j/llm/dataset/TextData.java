package dev.lora4j.llm.dataset;

import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import dev.lora4j.data.RowFormat;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * A file of training data: jsonl, json, csv, tsv, parquet or plain text. Rows are streamed.
 *
 * @param file the path
 * @param form the form of its rows, recognised from the first one
 * @param options for reading rows
 */
public record TextData(Path file, DataFormat form, Options options) {
  private static final String PLAIN_TEXT = "txt";

  /**
   * Options for reading rows.
   *
   * @param columns name of a known field → name of the column that has it, such as {@code
   *     completion} → {@code answer}
   * @param strict whether a field that the form does not read is an error
   */
  public record Options(Map<String, String> columns, boolean strict) {
    /** Columns by their own names; others are ignored and counted. */
    public static final Options DEFAULT = new Options(Map.of(), false);

    public Options {
      columns = Map.copyOf(columns);
    }
  }

  /**
   * Recognises the form of a file from its first row.
   *
   * @throws UserError if the file is missing or empty, or no form has its fields
   * @throws CorruptFile if its content does not match its extension
   */
  public static TextData open(Path file) {
    return open(file, Options.DEFAULT);
  }

  /**
   * Recognises the form of a file from its first row, with options.
   *
   * @throws UserError if the file is missing or empty, no form has its fields, or a column is
   *     missing
   */
  public static TextData open(Path file, Options options) {
    if (RowFormat.ending(file).equals(PLAIN_TEXT)) {
      if (!Files.isRegularFile(file)) {
        throw new UserError("cannot read " + file + ": there is no such file");
      }
      return new TextData(file, StandardFormat.DOCUMENT, options);
    }
    List<DataFormat> first = new ArrayList<>();
    DataFile.read(
        file,
        (number, json) -> {
          RowParser row = new RowParser(file, number, json, options);
          row.requireColumns();
          first.add(row.form());
          return false;
        });
    if (first.isEmpty()) {
      throw new UserError(file + ": the file has no rows");
    }
    return new TextData(file, first.get(0), options);
  }

  /**
   * Passes all rows to a consumer, in the order of the file.
   *
   * @throws UserError naming file and row where a row has another form
   */
  public void forEach(Consumer<DataRow> taker) {
    if (form == StandardFormat.DOCUMENT) {
      taker.accept(new DataRow(file, 1, new Sample.Document(wholeText())));
      return;
    }
    DataFile.read(
        file,
        (number, json) -> {
          taker.accept(new RowParser(file, number, json, options).parse(form));
          return true;
        });
  }

  /**
   * Returns this file in one of these forms, if its own form has all the fields of one.
   *
   * @throws UserError if the file has none of these forms
   */
  public TextData readAs(List<? extends DataFormat> forms) {
    if (forms.contains(form)) {
      return this;
    }
    return forms.stream()
        .filter(one -> !one.fields().isEmpty() && form.fields().containsAll(one.fields()))
        .findFirst()
        .map(one -> new TextData(file, one, options))
        .orElseThrow(
            () ->
                new UserError(
                    "%s: expected fields %s; found %s"
                        .formatted(
                            file,
                            forms.stream()
                                .filter(one -> !one.fields().isEmpty())
                                .map(one -> String.join(", ", one.fields()))
                                .collect(Collectors.joining(" or ")),
                            form.sentence())));
  }

  /** Returns all rows, for small data. */
  public List<DataRow> rows() {
    List<DataRow> rows = new ArrayList<>();
    forEach(rows::add);
    return rows;
  }

  /** The text without a byte order mark, with line feeds only. */
  private String wholeText() {
    try {
      String text = Files.readString(file);
      return (text.startsWith("\uFEFF") ? text.substring(1) : text)
          .replace("\r\n", "\n")
          .replace('\r', '\n');
    } catch (CharacterCodingException e) {
      throw new CorruptFile(file, "it is not UTF-8 text", e);
    } catch (IOException e) {
      throw new UserError("cannot read " + file + ": " + e, e);
    }
  }
}
