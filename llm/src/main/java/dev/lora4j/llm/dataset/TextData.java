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
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * A file of training data: jsonl, json, csv, tsv, parquet or plain text. Rows are streamed.
 *
 * @param file the path
 * @param form the form of its rows, recognised from the first one
 */
public record TextData(Path file, DataForm form) {
  private static final String PLAIN_TEXT = "txt";

  /**
   * Recognises the form of a file from its first row.
   *
   * @throws UserError if the file is missing or empty, or no form has its fields
   * @throws CorruptFile if its content does not match its extension
   */
  public static TextData open(Path file) {
    if (RowFormat.ending(file).equals(PLAIN_TEXT)) {
      if (!Files.isRegularFile(file)) {
        throw new UserError("cannot read " + file + ": there is no such file");
      }
      return new TextData(file, StandardForm.DOCUMENT);
    }
    List<DataForm> first = new ArrayList<>();
    DataFile.read(
        file,
        (number, json) -> {
          first.add(new RowParser(file, number, json).form());
          return false;
        });
    if (first.isEmpty()) {
      throw new UserError(file + ": the file has no rows");
    }
    return new TextData(file, first.get(0));
  }

  /**
   * Passes all rows to a consumer, in the order of the file.
   *
   * @throws UserError naming file and row where a row has another form
   */
  public void forEach(Consumer<DataRow> taker) {
    if (form == StandardForm.DOCUMENT) {
      taker.accept(new DataRow(file, 1, new Sample.Document(wholeText())));
      return;
    }
    DataFile.read(
        file,
        (number, json) -> {
          taker.accept(new RowParser(file, number, json).parse(form));
          return true;
        });
  }

  /**
   * Returns this file in one of these forms, if its own form has all the fields of one.
   *
   * @throws UserError if the file has none of these forms
   */
  public TextData readAs(List<? extends DataForm> forms) {
    if (forms.contains(form)) {
      return this;
    }
    return forms.stream()
        .filter(one -> !one.fields().isEmpty() && form.fields().containsAll(one.fields()))
        .findFirst()
        .map(one -> new TextData(file, one))
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

  private String wholeText() {
    try {
      return Files.readString(file);
    } catch (CharacterCodingException e) {
      throw new CorruptFile(file, "it is not UTF-8 text", e);
    } catch (IOException e) {
      throw new UserError("cannot read " + file + ": " + e, e);
    }
  }
}
