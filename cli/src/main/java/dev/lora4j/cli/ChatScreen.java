package dev.lora4j.cli;

import dev.lora4j.models.talk.Answer;
import java.util.List;
import java.util.function.UnaryOperator;

/** What a talk shows: answers on standard output, everything else on standard error. */
final class ChatScreen {
  private final boolean json;
  private final boolean interactive = Screen.standardError().terminal();
  private final UnaryOperator<String> safe = TerminalText.forStandardOutput();

  ChatScreen(boolean json) {
    this.json = json;
  }

  /** Asks for a line, where somebody sits there. */
  void ask() {
    if (interactive) {
      System.err.print("> ");
      System.err.flush();
    }
  }

  void note(String sentence) {
    System.err.println("lora: " + sentence);
  }

  void line(String text) {
    System.err.println(text);
  }

  /** A piece of an answer; whether somebody still reads. */
  boolean piece(String text) {
    if (json) {
      return true;
    }
    System.out.print(safe.apply(text));
    return !System.out.checkError();
  }

  void answered(Answer answer, List<String> adapters) {
    if (json) {
      JsonLine.print(System.out, root -> AnswerLines.fill(root, answer, adapters));
    } else {
      System.out.println();
    }
    switch (answer.end()) {
      case LENGTH -> note("the answer is cut at --max-new-tokens");
      case MAX_POSITIONS -> note("the answer is cut: the model's longest text is reached; /reset");
      case INTERRUPTED -> note("interrupted; the answer counts as far as it got");
      default -> {}
    }
    if (interactive) {
      line(AnswerLines.figures(answer));
    }
  }
}
