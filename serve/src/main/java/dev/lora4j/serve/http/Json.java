package dev.lora4j.serve.http;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.Map;
import java.util.regex.Pattern;

/** The JSON of requests and answers, with a bound on its nesting. */
public final class Json {
  private static final int MAX_DEPTH = 64;
  private static final TypeReference<Map<String, Object>> FIELDS = new TypeReference<>() {};

  /** Jackson's place of an opening bracket, with the names of its settings. */
  private static final Pattern LOCATION = Pattern.compile(" \\(start marker at .*", Pattern.DOTALL);

  private static final ObjectMapper MAPPER =
      new ObjectMapper(
          JsonFactory.builder()
              .streamReadConstraints(
                  StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH).build())
              .build());

  private Json() {}

  public static ObjectNode object() {
    return MAPPER.createObjectNode();
  }

  /**
   * Reads a JSON object.
   *
   * @throws ApiException if it is not one
   */
  public static ObjectNode read(byte[] body) {
    try {
      if (MAPPER.readTree(body) instanceof ObjectNode object) {
        return object;
      }
      throw ApiException.invalid("expected a JSON object as the body of the request");
    } catch (JsonProcessingException e) {
      throw ApiException.invalid("the body is not valid JSON: " + reason(e));
    } catch (IOException e) {
      throw ApiException.invalid("the body can't be read: " + e.getMessage());
    }
  }

  /** Returns what is wrong with a text, and where. */
  private static String reason(JsonProcessingException e) {
    String message = LOCATION.matcher(e.getOriginalMessage()).replaceFirst("");
    JsonLocation at = e.getLocation();
    return at == null
        ? message
        : "%s (line %d, column %d)".formatted(message, at.getLineNr(), at.getColumnNr());
  }

  public static Map<String, Object> fields(JsonNode object) {
    return MAPPER.convertValue(object, FIELDS);
  }

  public static byte[] bytes(JsonNode node) {
    try {
      return MAPPER.writeValueAsBytes(node);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }
}
