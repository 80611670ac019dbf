package dev.lora4j.llm.dataset;

import dev.lora4j.UserError;
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
 * its thoughts for instance, gives one text for each answer, as the model will see it.
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
    if (template.marksAnswers()) {
      return List.of(marked(chat));
    }
    String whole = template.render(chat.messages());
    List<RenderedText> single = new ArrayList<>();
    List<OutputSpan> answers = new ArrayList<>();
    boolean consistent = true;
    for (int turn = chat.given(); turn < chat.messages().size(); turn++) {
      if (chat.messages().get(turn).fromAssistant()) {
        RenderedText one = upTo(turn, chat.messages());
        single.add(one);
        answers.addAll(one.answers());
        consistent &= whole.startsWith(one.text());
      }
    }
    return consistent ? List.of(new RenderedText(whole, answers)) : single;
  }

  /** The conversation up to an answer, with loss on that answer only. */
  private RenderedText upTo(int turn, List<Message> messages) {
    String text = template.render(messages.subList(0, turn + 1));
    String prompt =
        turn == 0 && !template.hasSystem() ? "" : template.prompt(messages.subList(0, turn));
    if (!text.startsWith(prompt)) {
      throw new UserError(
          "the chat template does not render an answer after its generation prompt, so its start"
              + " is unknown; mark it with {% generation %} in the template\n"
              + "  prompt: "
              + tail(prompt)
              + "\n  answered: "
              + tail(text));
    }
    return new RenderedText(text, List.of(withoutTail(text, prompt.length())));
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
    long answers = chat.messages().stream().filter(Message::fromAssistant).count();
    List<OutputSpan> spans = rendering.generated();
    if (spans.size() != answers) {
      throw new UserError(
          "the chat template marks %d answers with {%% generation %%}, but the conversation has %d"
              .formatted(spans.size(), answers));
    }
    int known =
        (int)
            chat.messages().subList(0, chat.given()).stream()
                .filter(Message::fromAssistant)
                .count();
    return new RenderedText(rendering.text(), spans.subList(known, spans.size()));
  }
}
