package dev.lora4j.llm.dataset;

import dev.lora4j.llm.jinja.value.OutputSpan;
import dev.lora4j.llm.tokenizer.SpecialTokens;
import dev.lora4j.llm.tokenizer.TokenSpan;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/** Tokens of a text with a label mask: a token is a loss token if it overlaps an answer. */
final class LabeledTokens {
  private final List<TokenSpan> tokens;
  private final List<Boolean> labelMask;

  private LabeledTokens(List<TokenSpan> tokens, List<Boolean> labelMask) {
    this.tokens = tokens;
    this.labelMask = labelMask;
  }

  static LabeledTokens of(List<TokenSpan> tokens, List<OutputSpan> answers) {
    List<Boolean> labelMask = new ArrayList<>(tokens.size());
    for (TokenSpan token : tokens) {
      labelMask.add(answers.stream().anyMatch(answer -> overlap(token, answer)));
    }
    return new LabeledTokens(new ArrayList<>(tokens), labelMask);
  }

  private static boolean overlap(TokenSpan token, OutputSpan answer) {
    return token.begin() < answer.end()
        && answer.begin() < token.end()
        && token.begin() < token.end();
  }

  /** Returns whether a token spans a position in the text. */
  boolean crosses(int position) {
    return tokens.stream().anyMatch(token -> token.begin() < position && position < token.end());
  }

  /** Returns true if the last answer ends without a stop token, apart from white space. */
  boolean endsUnstopped(String text, Set<Integer> stops) {
    int last = labelMask.lastIndexOf(true);
    for (int i = last; i >= 0 && labelMask.get(i); i--) {
      TokenSpan token = tokens.get(i);
      if (stops.contains(token.id())) {
        return false;
      } else if (!text.substring(token.begin(), token.end()).isBlank()) {
        return true;
      }
    }
    return last >= 0;
  }

  /** Includes the stop token at the end in the label mask; appends it if missing. */
  void addLossAtEnd(SpecialTokens special) {
    int last = tokens.size() - 1;
    OptionalInt eos = special.eos();
    if (last >= 0 && special.stops().contains(tokens.get(last).id())) {
      labelMask.set(last, true);
    } else if (eos.isPresent()) {
      tokens.add(new TokenSpan(eos.getAsInt(), 0, 0));
      labelMask.add(true);
    }
  }

  Example example(LossOn which) {
    int[] ids = tokens.stream().mapToInt(TokenSpan::id).toArray();
    if (which == LossOn.EVERYTHING) {
      return Example.everyToken(ids);
    }
    boolean[] loss = new boolean[ids.length];
    for (int i = 0; i < loss.length; i++) {
      loss[i] = labelMask.get(i);
    }
    return Example.of(ids, loss);
  }
}
