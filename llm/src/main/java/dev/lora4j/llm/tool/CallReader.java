package dev.lora4j.llm.tool;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Reads the calls at the beginning of a text. */
record CallReader(ToolCallFormat format) {
  private static final ObjectMapper JSON =
      new ObjectMapper()
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  /** The beginning of a text, as far as it is known. */
  sealed interface Reading {
    /** A call may be complete later. */
    record Incomplete() implements Reading {}

    /** No call. */
    record NoCall() implements Reading {}

    /** Calls, and the length of their text. */
    record Calls(List<ToolCall> calls, int length) implements Reading {}
  }

  /**
   * Reads a text that begins with the format's marker, or with a brace.
   *
   * @param ended whether the text is complete
   */
  Reading read(String text, boolean ended) {
    int begin = text.startsWith(format.marker()) ? format.marker().length() : 0;
    return switch (format) {
      case HERMES -> enclosed(text, begin, ended);
      case MISTRAL_NAMED -> named(text, begin, ended);
      case MISTRAL, LLAMA3 -> plain(text, begin, ended);
    };
  }

  private Reading enclosed(String text, int begin, boolean ended) {
    int end = text.indexOf(ToolCallFormat.CALL_END, begin);
    if (end < 0 && !ended) {
      return new Reading.Incomplete();
    }
    int next = end < 0 ? text.length() : end + ToolCallFormat.CALL_END.length();
    return calls(text.substring(begin, end < 0 ? next : end), next);
  }

  private Reading named(String text, int begin, boolean ended) {
    int name = text.indexOf(ToolCallFormat.ARGUMENTS_BEGIN, begin);
    int arguments = name + ToolCallFormat.ARGUMENTS_BEGIN.length();
    int end = name < 0 ? -1 : endOfJson(text, arguments);
    if (end < 0) {
      return ended ? new Reading.NoCall() : new Reading.Incomplete();
    }
    return parsed(text.substring(arguments, end))
        .filter(JsonNode::isObject)
        .<Reading>map(
            object -> {
              int id = text.indexOf(ToolCallFormat.ID_BEGIN, begin);
              String function = text.substring(begin, id >= 0 && id < name ? id : name).strip();
              return new Reading.Calls(List.of(new ToolCall(function, object.toString())), end);
            })
        .orElse(new Reading.NoCall());
  }

  private Reading plain(String text, int begin, boolean ended) {
    int end = endOfJson(text, begin);
    if (end < 0) {
      return ended ? new Reading.NoCall() : new Reading.Incomplete();
    }
    return calls(text.substring(begin, end), end);
  }

  /** A call, or a list of calls. */
  private Reading calls(String json, int length) {
    Optional<JsonNode> value = parsed(json);
    List<ToolCall> calls = new ArrayList<>();
    for (JsonNode one : value.filter(JsonNode::isArray).orElse(JSON.createArrayNode())) {
      call(one).ifPresent(calls::add);
    }
    value.flatMap(this::call).ifPresent(calls::add);
    return calls.isEmpty() ? new Reading.NoCall() : new Reading.Calls(calls, length);
  }

  private Optional<ToolCall> call(JsonNode call) {
    JsonNode arguments = call.path(format.argumentsKey());
    if (arguments.isTextual()) {
      arguments = parsed(arguments.textValue()).orElse(arguments);
    }
    return call.path("name").isTextual() && arguments.isObject()
        ? Optional.of(new ToolCall(call.path("name").textValue(), arguments.toString()))
        : Optional.empty();
  }

  private static Optional<JsonNode> parsed(String json) {
    try {
      return Optional.ofNullable(JSON.readTree(json));
    } catch (JsonProcessingException e) { // the model has written something else
      return Optional.empty();
    }
  }

  /** The index after the first object or array; −1 if it is not complete. */
  private static int endOfJson(String text, int begin) {
    int depth = 0;
    boolean quoted = false;
    for (int i = begin; i < text.length(); i++) {
      char letter = text.charAt(i);
      if (quoted && letter == '\\') {
        i++;
      } else if (letter == '"') {
        quoted = !quoted;
      } else if (!quoted && (letter == '{' || letter == '[')) {
        depth++;
      } else if (!quoted && (letter == '}' || letter == ']')) {
        depth--;
        if (depth <= 0) {
          return i + 1;
        }
      }
    }
    return -1;
  }
}
