package dev.lora4j.serve.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * The parameters of a request. Unknown ones are ignored; wrong ones are refused by name, as OpenAI
 * names them: {@code hyperparameters.n_epochs}.
 */
public final class Params {
  private final ObjectNode body;
  private final String prefix;

  public Params(ObjectNode body) {
    this.body = body;
    prefix = "";
  }

  /**
   * @param name the parameter whose object this is
   */
  public Params(ObjectNode object, String name) {
    body = object;
    prefix = name + ".";
  }

  /** A parameter that is present and not null. */
  public Optional<JsonNode> value(String name) {
    JsonNode value = body.get(name);
    return value == null || value.isNull() ? Optional.empty() : Optional.of(value);
  }

  /** Returns the name of a parameter in the whole request. */
  private String full(String name) {
    return prefix + name;
  }

  /** The parameters of an object. */
  public Optional<Params> object(String name) {
    return value(name)
        .map(
            value -> {
              if (value instanceof ObjectNode object) {
                return new Params(object, full(name));
              }
              throw refusal(name, "an object", value);
            });
  }

  /** The names and values of all parameters that are there. */
  public Map<String, JsonNode> all() {
    Map<String, JsonNode> all = new LinkedHashMap<>();
    body.properties().forEach(field -> all.put(field.getKey(), field.getValue()));
    return all;
  }

  public JsonNode required(String name) {
    return value(name)
        .orElseThrow(
            () -> ApiException.invalid(full(name), "missing required parameter: " + full(name)));
  }

  public String requiredText(String name) {
    return text(full(name), required(name));
  }

  public Optional<String> text(String name) {
    return value(name).map(value -> text(full(name), value));
  }

  private static String text(String name, JsonNode value) {
    if (!value.isTextual()) {
      throw wrong(name, "a string", value);
    }
    return value.textValue();
  }

  public boolean flag(String name) {
    return value(name)
        .map(
            value -> {
              if (!value.isBoolean()) {
                throw refusal(name, "true or false", value);
              }
              return value.booleanValue();
            })
        .orElse(false);
  }

  public double number(String name, double otherwise, double least, double most) {
    Optional<JsonNode> value = value(name);
    if (value.isEmpty()) {
      return otherwise;
    }
    if (!value.get().isNumber()) {
      throw refusal(name, "a number", value.get());
    }
    double number = value.get().doubleValue();
    if (!(number >= least && number <= most)) {
      throw ApiException.invalid(
          full(name),
          "%s must be between %s and %s, found %s".formatted(full(name), least, most, number));
    }
    return number;
  }

  public Optional<Long> integer(String name, long least, long most) {
    return value(name)
        .map(
            value -> {
              if (!value.canConvertToExactIntegral() || !value.canConvertToLong()) {
                throw refusal(name, "an integer", value);
              }
              long integer = value.longValue();
              if (integer < least || integer > most) {
                throw ApiException.invalid(
                    full(name),
                    "%s must be between %d and %d, found %d"
                        .formatted(full(name), least, most, integer));
              }
              return integer;
            });
  }

  /** A string or a list of at most {@code most} strings. */
  public List<String> texts(String name, int most) {
    Optional<JsonNode> value = value(name);
    if (value.isEmpty()) {
      return List.of();
    }
    if (value.get().isTextual()) {
      return List.of(value.get().textValue());
    }
    if (!value.get().isArray()) {
      throw refusal(name, "a string or a list of strings", value.get());
    }
    if (value.get().size() > most) {
      throw ApiException.invalid(
          full(name),
          "%s has at most %d strings, found %d".formatted(full(name), most, value.get().size()));
    }
    List<String> texts = new ArrayList<>();
    value.get().forEach(text -> texts.add(text(full(name), text)));
    return texts;
  }

  /**
   * Refuses a parameter that this server does not support.
   *
   * @throws ApiException if it is present
   */
  public void refuse(String name, String reason) {
    if (value(name).filter(value -> !value.isEmpty() || !value.isArray()).isPresent()) {
      throw ApiException.invalid(full(name), full(name) + " is not supported: " + reason);
    }
  }

  /** Returns the refusal of a parameter that is of another kind than expected. */
  public ApiException refusal(String name, String expected, JsonNode found) {
    return wrong(full(name), expected, found);
  }

  /** Returns the refusal of a value by its name in the whole request. */
  public static ApiException wrong(String name, String expected, JsonNode found) {
    return ApiException.invalid(
        name,
        "%s: expected %s, found %s"
            .formatted(name, expected, found.getNodeType().name().toLowerCase(Locale.ROOT)));
  }
}
