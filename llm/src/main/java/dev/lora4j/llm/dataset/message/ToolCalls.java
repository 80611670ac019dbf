package dev.lora4j.llm.dataset.message;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.UserError;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The tool calls of a message, with arguments as objects: chat templates write them as JSON.
 *
 * @param where the message, for error messages
 */
public record ToolCalls(String where) {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String FUNCTION = "function";
  private static final String ARGUMENTS = "arguments";

  /**
   * The calls of {@code tool_calls}.
   *
   * @throws UserError naming the call that is wrong
   */
  public List<Object> of(Object calls) {
    if (!(calls instanceof List<?> list)) {
      throw new UserError(where + ".tool_calls: expected a list, found " + calls);
    }
    List<Object> all = new ArrayList<>();
    for (Object call : list) {
      String place = where + ".tool_calls[" + all.size() + "]";
      Map<String, Object> fields = object(place, call);
      if (fields.containsKey(FUNCTION)) {
        fields.put(FUNCTION, withArguments(place, object(place, fields.get(FUNCTION))));
        all.add(fields);
      } else {
        all.add(withArguments(place, fields));
      }
    }
    return all;
  }

  /** The call of OpenAI's former {@code function_call}. */
  List<Object> ofLegacy(Object call) {
    return List.of(wrapped(where + ".function_call", call));
  }

  /** The call, or list of calls, that is the text of ShareGPT's {@code function_call} turn. */
  List<Object> ofText(@Nullable Object content) {
    Object value = content instanceof String text ? parsed(where, text) : content;
    List<?> calls = value instanceof List<?> list ? list : List.of(object(where, value));
    List<Object> all = new ArrayList<>();
    calls.forEach(call -> all.add(wrapped(where, call)));
    return all;
  }

  private static Map<String, Object> wrapped(String place, Object call) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("type", FUNCTION);
    fields.put(FUNCTION, withArguments(place, object(place, call)));
    return fields;
  }

  private static Map<String, Object> withArguments(String place, Map<String, Object> function) {
    if (!(function.get("name") instanceof String)) {
      throw new UserError(place + ": a call needs a name and arguments; found " + function);
    }
    Object arguments = function.get(ARGUMENTS);
    String at = place + "." + ARGUMENTS;
    if (arguments instanceof String text) {
      function.put(ARGUMENTS, text.isBlank() ? Map.of() : object(at, parsed(at, text)));
    } else if (arguments != null) {
      function.put(ARGUMENTS, object(at, arguments));
    }
    return function;
  }

  private static Object parsed(String place, String text) {
    try {
      return JSON.readValue(text, Object.class);
    } catch (JsonProcessingException e) {
      throw new UserError(place + ": expected a JSON object, found the text " + text, e);
    }
  }

  private static Map<String, Object> object(String place, @Nullable Object value) {
    if (!(value instanceof Map<?, ?> map)) {
      throw new UserError(place + ": expected a JSON object, found " + value);
    }
    Map<String, Object> fields = new LinkedHashMap<>();
    map.forEach((name, item) -> fields.put(String.valueOf(name), item));
    return fields;
  }
}
