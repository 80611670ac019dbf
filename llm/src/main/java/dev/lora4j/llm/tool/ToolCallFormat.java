package dev.lora4j.llm.tool;

import dev.lora4j.llm.tokenizer.ChatTemplate;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** The format in which a model family writes tool calls. */
public enum ToolCallFormat {
  /** Qwen and Hermes: {@code <tool_call>{"name": …, "arguments": …}</tool_call>}. */
  HERMES("<tool_call>", "<tool_call>", "arguments"),
  /**
   * Mistral from version 11 on: {@code [TOOL_CALLS]name[ARGS]{…}}; version 11 itself writes {@code
   * [CALL_ID]} and an id after the name.
   */
  MISTRAL_NAMED("[ARGS]", "[TOOL_CALLS]", ""),
  /** Mistral: {@code [TOOL_CALLS] [{"name": …, "arguments": …}, …]}. */
  MISTRAL("[TOOL_CALLS]", "[TOOL_CALLS]", "arguments"),
  /** Llama 3: {@code {"name": …, "parameters": …}} as the whole answer. */
  LLAMA3("Environment: ipython", "<|python_tag|>", "parameters");

  static final String CALL_END = "</tool_call>";
  static final String ARGUMENTS_BEGIN = "[ARGS]";
  static final String ID_BEGIN = "[CALL_ID]";

  private final String sign;
  private final String marker;
  private final String argumentsKey;

  /**
   * @param sign a text of the chat templates with this format
   * @param marker the text at which a call begins
   * @param argumentsKey the key of the arguments in the call's JSON
   */
  ToolCallFormat(String sign, String marker, String argumentsKey) {
    this.sign = sign;
    this.marker = marker;
    this.argumentsKey = argumentsKey;
  }

  /** Detects the format of a chat template; empty if it does not support tools. */
  public static Optional<ToolCallFormat> of(ChatTemplate template) {
    return Arrays.stream(values())
        .filter(format -> template.contains("tools") && template.contains(format.sign))
        .findFirst();
  }

  String marker() {
    return marker;
  }

  String argumentsKey() {
    return argumentsKey;
  }

  /** Returns whether a call can be the whole answer, without a marker. */
  boolean needsNoMarker() {
    return this == LLAMA3;
  }

  /** Returns whether an answer can have several calls. */
  public boolean allowsSeveral() {
    return !needsNoMarker();
  }

  /**
   * Returns a random id for a call: nine letters and digits where Mistral's templates require it.
   */
  public String newCallId() {
    String id = UUID.randomUUID().toString().replace("-", "");
    boolean isShort = this == MISTRAL || this == MISTRAL_NAMED;
    return isShort ? id.substring(0, 9) : "call_" + id.substring(0, 24);
  }

  /** The markers, which can be special tokens of the vocabulary. */
  public List<String> markers() {
    return switch (this) {
      case HERMES -> List.of(marker, CALL_END);
      case MISTRAL_NAMED -> List.of(marker, ID_BEGIN, ARGUMENTS_BEGIN);
      case MISTRAL, LLAMA3 -> List.of(marker);
    };
  }
}
