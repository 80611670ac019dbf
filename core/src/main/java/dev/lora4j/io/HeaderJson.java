package dev.lora4j.io;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import dev.lora4j.CorruptFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The JSON of a safetensors header: {@code {"name": {"dtype": "F32", "shape": [2, 3],
 * "data_offsets": [0, 24]}, …, "__metadata__": {"key": "text"}}}. Each entry is checked on its own;
 * {@link SafetensorsHeader} checks that the entries fit together and into the file.
 */
final class HeaderJson {
  static final String METADATA = "__metadata__";

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .build();

  private final Path file;
  private final JsonParser parser;
  private final Map<String, TensorInfo> tensors = new LinkedHashMap<>();
  private final Map<String, String> metadata = new LinkedHashMap<>();

  private HeaderJson(Path file, JsonParser parser) {
    this.file = file;
    this.parser = parser;
  }

  /** Parses a header; throws {@link CorruptFile} if anything is wrong with it. */
  static HeaderJson parse(Path file, String text) {
    try (JsonParser parser = JSON.createParser(text)) {
      HeaderJson json = new HeaderJson(file, parser);
      json.readAll();
      return json;
    } catch (JsonProcessingException e) {
      throw new CorruptFile(file, "the header is not valid JSON: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new CorruptFile(file, "the header is not valid JSON: " + e.getMessage(), e);
    }
  }

  Map<String, TensorInfo> tensors() {
    return tensors;
  }

  Map<String, String> metadata() {
    return metadata;
  }

  private void readAll() throws IOException {
    if (parser.nextToken() != JsonToken.START_OBJECT) {
      throw new CorruptFile(file, "expected a JSON object as the header");
    }
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      JsonToken value = parser.nextToken();
      if (name.equals(METADATA) && value == JsonToken.VALUE_NULL) {
        continue; // as MLX writes it
      }
      if (value != JsonToken.START_OBJECT) {
        throw bad(name, "expected an object", value);
      }
      if (name.equals(METADATA)) {
        readMetadata();
      } else {
        tensors.put(name, readTensor(name));
      }
    }
    if (parser.nextToken() != null) {
      throw new CorruptFile(file, "expected only spaces after the header's JSON object");
    }
  }

  private void readMetadata() throws IOException {
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String key = parser.currentName();
      if (parser.nextToken() != JsonToken.VALUE_STRING) {
        throw bad(METADATA + "." + key, "expected text", parser.currentToken());
      }
      metadata.put(key, parser.getText());
    }
  }

  private TensorInfo readTensor(String name) throws IOException {
    DType dtype = null;
    List<Long> shape = null;
    List<Long> offsets = null;
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String field = parser.currentName();
      parser.nextToken();
      switch (field) {
        case "dtype" -> dtype = readDType(name);
        case "shape" -> shape = readNumbers(name, field);
        case "data_offsets" -> offsets = readNumbers(name, field);
        default -> parser.skipChildren();
      }
    }
    if (dtype == null || shape == null || offsets == null) {
      throw bad(name, "expected dtype, shape and data_offsets", "only some of them");
    }
    if (offsets.size() != 2) {
      throw bad(name, "expected two data_offsets", offsets);
    }
    return checked(name, new TensorInfo(dtype, shape, offsets.get(0), offsets.get(1)));
  }

  private TensorInfo checked(String name, TensorInfo info) {
    if (info.begin() > info.end()) {
      throw bad(name, "expected data_offsets in order", info.begin() + ", " + info.end());
    }
    try {
      TensorMemory.span(info.dtype(), info.shape());
    } catch (ArithmeticException e) {
      throw bad(name, "expected a shape of less than 2^63 bytes", info.shape());
    }
    long expected = info.elements() * info.dtype().bytes();
    if (info.bytes() != expected) {
      String what = "expected " + expected + " bytes for " + info.dtype() + " " + info.shape();
      throw bad(name, what, info.bytes());
    }
    return info;
  }

  private DType readDType(String name) throws IOException {
    if (parser.currentToken() != JsonToken.VALUE_STRING) {
      throw bad(name, "expected text as the dtype", parser.currentToken());
    }
    String found = parser.getText();
    return DType.named(found)
        .orElseThrow(
            () -> bad(name, "expected a dtype of " + Arrays.toString(DType.values()), found));
  }

  private List<Long> readNumbers(String name, String field) throws IOException {
    if (parser.currentToken() != JsonToken.START_ARRAY) {
      throw bad(name, "expected a list as the " + field, parser.currentToken());
    }
    List<Long> numbers = new ArrayList<>();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT) {
        throw bad(name, "expected whole numbers in the " + field, parser.currentToken());
      }
      long number = parser.getLongValue();
      if (number < 0) {
        throw bad(name, "expected no negative number in the " + field, number);
      }
      numbers.add(number);
    }
    return numbers;
  }

  private CorruptFile bad(String key, String expected, Object found) {
    return new CorruptFile(file, "key " + key + ": " + expected + ", found " + found);
  }
}
