package dev.lora4j.llm.dataset.file;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.Reader;
import java.util.ArrayList;
import java.util.List;

/**
 * The arrangement of the rows in a JSON file, recognised from its first value.
 *
 * @param splits the splits, if the first value is an object of them
 */
record JsonLayout(Kind kind, Splits splits) {
  /** An arrangement of rows. */
  enum Kind {
    /** One row per line. */
    LINES,
    /** A sequence of rows or of arrays of rows. */
    VALUES,
    /** An object with lists of rows under the names of splits. */
    SPLITS
  }

  static JsonLayout of(Reader text) throws IOException {
    try (JsonParser parser = JsonRows.JSON.createParser(text)) {
      JsonToken first = parser.nextToken();
      if (first == JsonToken.START_OBJECT) {
        return ofObject(parser);
      }
      Kind kind = first == JsonToken.START_ARRAY ? Kind.VALUES : Kind.LINES;
      return new JsonLayout(kind, Splits.NONE);
    } catch (JsonProcessingException e) {
      return new JsonLayout(Kind.LINES, Splits.NONE); // reading the rows reports it
    }
  }

  private static JsonLayout ofObject(JsonParser parser) throws IOException {
    int line = parser.currentTokenLocation().getLineNr();
    List<String> lists = new ArrayList<>(); // of rows, under the name of a split
    List<String> filled = new ArrayList<>();
    boolean others = false;
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String field = parser.currentName();
      boolean array = parser.nextToken() == JsonToken.START_ARRAY;
      if (array && Splits.isName(field)) {
        JsonToken element = parser.nextToken();
        if (element == JsonToken.START_OBJECT) {
          filled.add(field);
        }
        if (element == JsonToken.START_OBJECT || element == JsonToken.END_ARRAY) {
          lists.add(field);
        } else {
          others = true;
        }
        skipToEnd(parser);
      } else {
        others = true;
        parser.skipChildren();
      }
    }
    boolean training = filled.stream().anyMatch(Splits.TRAINING::contains);
    if (training || (!others && !lists.isEmpty())) {
      return new JsonLayout(Kind.SPLITS, new Splits(filled));
    }
    boolean oneLine = parser.currentTokenLocation().getLineNr() == line;
    return new JsonLayout(oneLine ? Kind.LINES : Kind.VALUES, Splits.NONE);
  }

  /** Passes the remaining elements of an array. */
  private static void skipToEnd(JsonParser parser) throws IOException {
    while (parser.currentToken() != null && parser.currentToken() != JsonToken.END_ARRAY) {
      parser.skipChildren();
      parser.nextToken();
    }
  }
}
