package dev.lora4j.llm.dataset.file;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import dev.lora4j.CorruptFile;
import dev.lora4j.data.RowFormat;
import dev.lora4j.data.RowFormat.RowConsumer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.StringWriter;
import java.util.Optional;

/**
 * The rows of JSON Lines files, and of JSON files that hold an array, several objects, or an object
 * of splits. The content decides, not the file's extension.
 *
 * @param split the split to read, by default the training split
 */
record JsonRows(TextFile file, Optional<String> split) {
  static final JsonFactory JSON =
      new JsonFactoryBuilder()
          .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS) // as Python writes them
          .disable(JsonWriteFeature.WRITE_NAN_AS_STRINGS)
          .streamReadConstraints(
              StreamReadConstraints.builder().maxStringLength(Integer.MAX_VALUE).build())
          .build();

  Splits splits() {
    return file.read(JsonLayout::of).splits();
  }

  void read(RowConsumer rows) {
    JsonLayout layout = file.read(JsonLayout::of);
    boolean lines = !RowFormat.ending(file.path()).equals("json");
    file.read(
        text ->
            switch (layout.kind()) {
              case SPLITS -> readSplit(text, split.or(layout.splits()::training), rows);
              case LINES -> lines ? readLines(text, rows) : readValues(text, rows);
              case VALUES -> readValues(text, rows);
            });
  }

  private boolean readLines(BufferedReader text, RowConsumer rows) throws IOException {
    long row = 0;
    long number = 1;
    for (String line = text.readLine(); line != null; line = text.readLine(), number++) {
      if (line.isBlank()) {
        continue;
      }
      try (JsonParser parser = JSON.createParser(line)) {
        parser.nextToken();
        copy(parser);
        if (parser.nextToken() != null) {
          throw new CorruptFile(
              file.path(), "line " + number + ": more than one JSON value on a line");
        }
      } catch (JsonProcessingException e) {
        throw invalid(number, e);
      }
      if (!rows.accept(++row, line)) {
        return false;
      }
    }
    return true;
  }

  /** Reads the elements of arrays, and values that follow each other. */
  private boolean readValues(BufferedReader text, RowConsumer rows) throws IOException {
    try (JsonParser parser = JSON.createParser(text)) {
      boolean inArray = false;
      long row = 0;
      for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
        if (!inArray && token == JsonToken.START_ARRAY) {
          inArray = true;
        } else if (inArray && token == JsonToken.END_ARRAY) {
          inArray = false;
        } else if (!rows.accept(++row, copy(parser))) {
          return false;
        }
      }
      return true;
    } catch (JsonProcessingException e) {
      throw invalid(e);
    }
  }

  private boolean readSplit(BufferedReader text, Optional<String> wanted, RowConsumer rows)
      throws IOException {
    try (JsonParser parser = JSON.createParser(text)) {
      parser.nextToken();
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        boolean isWanted = wanted.filter(parser.currentName()::equals).isPresent();
        parser.nextToken();
        long row = 0;
        while (isWanted && parser.nextToken() != JsonToken.END_ARRAY) {
          if (!rows.accept(++row, copy(parser))) {
            return false;
          }
        }
        parser.skipChildren();
      }
      return true;
    } catch (JsonProcessingException e) {
      throw invalid(e);
    }
  }

  /** Returns the value at the parser's position as JSON text, with numbers exactly as they are. */
  private static String copy(JsonParser parser) throws IOException {
    StringWriter text = new StringWriter();
    try (JsonGenerator generator = JSON.createGenerator(text)) {
      int depth = 0;
      do {
        JsonToken token = parser.currentToken();
        generator.copyCurrentEventExact(parser);
        depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
      } while (depth > 0 && parser.nextToken() != null);
    }
    return text.toString();
  }

  private CorruptFile invalid(JsonProcessingException e) {
    return invalid(e.getLocation() == null ? 1 : e.getLocation().getLineNr(), e);
  }

  private CorruptFile invalid(long line, JsonProcessingException e) {
    return new CorruptFile(
        file.path(), "line " + line + ": not valid JSON: " + e.getOriginalMessage(), e);
  }
}
