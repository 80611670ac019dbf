package dev.lora4j.llm.dataset;

import dev.lora4j.UserError;
import dev.lora4j.llm.dataset.message.ChatRoles;
import dev.lora4j.llm.jinja.value.OutputSpan;
import dev.lora4j.llm.jinja.value.Rendering;
import dev.lora4j.llm.tokenizer.ChatTemplate;
import dev.lora4j.llm.tokenizer.Message;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Finds the assistant's turns in a rendered conversation, for completion-only loss. {@code {%
 * generation %}} marks in the template take precedence. Otherwise an answer is the text that the
 * conversation up to it adds to its generation prompt, which is the text that the model generates.
 * A template that renders an earlier answer differently once the conversation continues, without
 * its thoughts for instance, gives one text for each answer, as in generation.
 */
final class AssistantSpans {
  private final ChatTemplate template;
  private final List<String> stops;

  /**
   * A finder for a template.
   *
   * @param stops texts of the stop tokens
   */
  AssistantSpans(ChatTemplate template, List<String> stops) {
    this.template = template;
    this.stops = List.copyOf(stops);
  }

  List<RenderedText> find(Sample.Chat chat) {
    AssistantSpans finder =
        chat.variables().isEmpty()
            ? this
            : new AssistantSpans(template.with(chat.variables()), stops);
    chat.messages().forEach(message -> ChatRoles.check(message, template));
    return template.marksAnswers() ? List.of(finder.marked(chat)) : finder.unmarked(chat);
  }

  private List<RenderedText> unmarked(Sample.Chat chat) {
    String whole = template.render(chat.messages());
    List<RenderedText> single = new ArrayList<>();
    List<OutputSpan> answers = new ArrayList<>();
    boolean consistent = true;
    for (int turn = 0; turn < chat.messages().size(); turn++) {
      if (chat.learns(turn)) {
        RenderedText one = upTo(turn, chat.messages());
        single.add(one);
        answers.addAll(one.answers());
        consistent &= whole.startsWith(one.text());
      }
    }
    return consistent ? List.of(new RenderedText(whole, answers, endsWithAnswer(chat))) : single;
  }

  private static boolean endsWithAnswer(Sample.Chat chat) {
    return chat.learns(chat.messages().size() - 1);
  }

  /** Renders the conversation up to an answer; only that answer is trained on. */
  private RenderedText upTo(int turn, List<Message> messages) {
    String text = template.render(messages.subList(0, turn + 1));
    String prompt =
        turn == 0 && !template.hasSystem()
            ? beforeFirst(text)
            : template.prompt(messages.subList(0, turn));
    if (!text.startsWith(prompt)) {
      throw new UserError(
          "the chat template does not render an answer after its generation prompt, so its start"
              + " is unknown; mark it with {% generation %} in the template\n"
              + "  prompt: "
              + tail(prompt)
              + "\n  answered: "
              + tail(text));
    }
    return new RenderedText(text, List.of(withoutTail(text, prompt.length())), true);
  }

  /**
   * The text before the answer that begins a conversation, such as a default system prompt. It ends
   * with the generation prompt, which is known from a question: many templates refuse an empty
   * conversation.
   */
  private String beforeFirst(String text) {
    List<Message> question = List.of(Message.user("?"));
    String asked = template.render(question);
    String prompt = template.prompt(question);
    String header = prompt.startsWith(asked) ? prompt.substring(asked.length()) : prompt;
    int begin = text.indexOf(header);
    return begin < 0 ? header : text.substring(0, begin + header.length());
  }

  private static String tail(String text) {
    String line = text.replace("\n", "\\n");
    return line.length() > 80 ? "…" + line.substring(line.length() - 80) : line;
  }

  /** Drops white space after the stop token. */
  private OutputSpan withoutTail(String text, int begin) {
    String answer = text.substring(begin);
    String stripped = answer.stripTrailing();
    Optional<String> stop = stops.stream().filter(stripped::endsWith).findFirst();
    return new OutputSpan(begin, begin + (stop.isPresent() ? stripped : answer).length());
  }

  private RenderedText marked(Sample.Chat chat) {
    Rendering rendering = template.rendering(chat.messages(), false);
    List<OutputSpan> spans = rendering.generated();
    List<Boolean> learned = new ArrayList<>(); // of each answer
    for (int turn = 0; turn < chat.messages().size(); turn++) {
      if (chat.messages().get(turn).fromAssistant()) {
        learned.add(chat.learns(turn));
      }
    }
    boolean all = !learned.contains(false);
    if (spans.size() < learned.size() || (spans.size() > learned.size() && !all)) {
      throw new UserError(
          "the chat template marks %d answers with {%% generation %%}, but the conversation has %d"
              .formatted(spans.size(), learned.size()));
    }
    List<OutputSpan> answers = new ArrayList<>();
    for (int i = 0; i < spans.size(); i++) {
      if (all || learned.get(i)) {
        answers.add(spans.get(i));
      }
    }
    return new RenderedText(rendering.text(), answers, endsWithAnswer(chat));
  }
}
