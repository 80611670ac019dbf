package dev.lora4j.langchain4j;

import dev.langchain4j.agent.tool.ToolExecutionRequest;

/** Receives the parts of an answer as they become final. */
interface AnswerListener {
  /** Ignores all parts. */
  AnswerListener NONE = new AnswerListener() {};

  /** Text, which is not empty. */
  default void onText(String text) {}

  /**
   * A tool call.
   *
   * @param index number of the call, from 0
   */
  default void onCall(int index, ToolExecutionRequest call) {}
}
