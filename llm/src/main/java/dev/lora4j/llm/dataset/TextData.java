package dev.lora4j.llm.dataset;

import dev.lora4j.CorruptFile;
import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.llm.dataset.file.DataFile;
import dev.lora4j.llm.dataset.file.Splits;
import java.nio.charset.Charset;
import java.nio.charset.IllegalCharsetNameException;
import java.nio.charset.UnsupportedCharsetException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * A file of training data: jsonl, json, csv, tsv, parquet or plain text. Rows are streamed.
 *
 * @param file the path
 * @param form the format of its rows, recognised from the first one
 * @param options for reading rows
 * @param splits the splits of the file, if it holds several
 */
public record TextData(Path file, DataFormat form, Options options, Splits splits) {
  /**
   * Options for reading rows.
   *
   * @param columns name of a known field → name of the column that has it, such as {@code
   *     completion} → {@code answer}
   * @param strict whether a field that the format does not read is an error
   * @param encoding encoding of a text file unless it begins with a byte order mark; UTF-8 if empty
   * @param split split to read, for a file that holds several; by default the training split
   */
  public record Options(
      Map<String, String> columns,
      boolean strict,
      Optional<Charset> encoding,
      Optional<String> split) {
    /** Columns by their own names, in UTF-8; others are ignored and counted. */
    public static final Options DEFAULT = new Options(Map.of(), false);

    public Options {
      columns = Map.copyOf(columns);
    }

    /** Options for files in UTF-8. */
    public Options(Map<String, String> columns, boolean strict) {
      this(columns, strict, Optional.empty(), Optional.empty());
    }

    /**
     * Reads text files in an encoding, such as {@code windows-1252}.
     *
     * @throws UserError if there is no encoding of that name
     */
    public Options encoding(String name) {
      try {
        return new Options(columns, strict, Optional.of(Charset.forName(name)), split);
      } catch (IllegalCharsetNameException | UnsupportedCharsetException e) {
        throw new UserError(
            "--encoding: no encoding '%s'%s; such as windows-1252, iso-8859-1 or utf-16le"
                .formatted(name, NearMiss.suggestion(name, Charset.availableCharsets().keySet())),
            e);
      }
    }

    /** Reads this split. */
    public Options split(String name) {
      return new Options(columns, strict, encoding, Optional.of(name));
    }
  }

  /**
   * Recognises the format of a file from its first row.
   *
   * @throws UserError if the file is missing or empty, or no format has its fields
   * @throws CorruptFile if its content does not match its extension
   */
  public static TextData open(Path file) {
    return open(file, Options.DEFAULT);
  }

  /**
   * Recognises the format of a file from its first row, with options.
   *
   * @throws UserError if the file is missing or empty, no format has its fields, or a column is
   *     missing
   */
  public static TextData open(Path file, Options options) {
    DataFile source = source(file, options);
    Splits splits = source.splits();
    if (source.isPlainText()) {
      return new TextData(file, StandardFormat.DOCUMENT, options, splits);
    }
    Options chosen =
        splits
            .training()
            .filter(split -> options.split().isEmpty() && splits.names().size() > 1)
            .map(options::split)
            .orElse(options);
    DataFile rows = source(file, chosen);
    List<DataFormat> first = new ArrayList<>();
    rows.read(
        (number, json) -> {
          RowParser row = new RowParser(rows, number, json, options);
          row.requireColumns();
          first.add(row.form());
          return false;
        });
    if (first.isEmpty()) {
      throw new UserError(file + ": the file has no rows");
    }
    return new TextData(file, first.get(0), chosen, splits);
  }

  private static DataFile source(Path file, Options options) {
    return new DataFile(file, options.encoding(), options.split());
  }

  private DataFile source() {
    return source(file, options);
  }

  /** Returns the path, and the split if the file holds several. */
  public String name() {
    return splits.names().size() > 1
        ? "%s (of %s)".formatted(source().name(), String.join(", ", splits.names()))
        : file.toString();
  }

  /** Returns the split of the file for the validation loss, if it has one. */
  public Optional<TextData> validation() {
    return splits.validation().map(split -> open(file, options.split(split)));
  }

  /** Returns the test split of the file, else the validation split, else this. */
  public TextData evaluation() {
    return splits.evaluation().map(split -> open(file, options.split(split))).orElse(this);
  }

  /**
   * Passes all rows to a consumer, in the order of the file.
   *
   * @throws UserError naming file and row where a row has another format
   */
  public void forEach(Consumer<DataRow> taker) {
    if (form == StandardFormat.DOCUMENT) {
      taker.accept(new DataRow(source(), 1, new Sample.Document(source().readText())));
      return;
    }
    DataFile rows = source();
    rows.read(
        (number, json) -> {
          taker.accept(new RowParser(rows, number, json, options).parse(form));
          return true;
        });
  }

  /**
   * Returns this file in one of these formats, if its own format has all the fields of one.
   *
   * @throws UserError if the file has none of these formats
   */
  public TextData readAs(List<? extends DataFormat> forms) {
    if (forms.contains(form)) {
      return this;
    }
    return forms.stream()
        .filter(one -> !one.fields().isEmpty() && form.fields().containsAll(one.fields()))
        .findFirst()
        .map(one -> new TextData(file, one, options, splits))
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
}
