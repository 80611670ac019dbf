package dev.lora4j.llm.task.data;

import dev.lora4j.llm.encoder.TokenSequence;
import dev.lora4j.llm.tokenizer.SpecialTokenUse;
import dev.lora4j.llm.tokenizer.TokenSpan;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The tokens of a sentence of words, and the word that each token begins. As in transformers'
 * examples, only the first token of a word has its label.
 *
 * @param wordOf the index of the word that a token begins; −1 for other tokens
 * @param missing number of words that begin after the limit of tokens
 */
@SuppressWarnings("ArrayRecordComponent") // arrays, but instances are never compared
public record WordTokens(TokenSequence tokens, int[] wordOf, int missing) {

  /** Tokenizes words, joined by spaces. */
  public static WordTokens of(List<String> words, TaskTokenizer tokenizer) {
    StringBuilder text = new StringBuilder();
    int[] begins = new int[words.size()];
    for (int i = 0; i < begins.length; i++) {
      text.append(i == 0 ? "" : " ");
      begins[i] = text.length();
      text.append(words.get(i));
    }
    List<TokenSpan> spans = tokenizer.tokenizer().spans(text.toString(), SpecialTokenUse.ADDED);
    List<TokenSpan> kept = truncated(spans, tokenizer.maxTokens());
    int[] ids = kept.stream().mapToInt(TokenSpan::id).toArray();
    int[] wordOf = new int[ids.length];
    boolean[] begun = new boolean[begins.length];
    for (int i = 0; i < ids.length; i++) {
      TokenSpan span = kept.get(i);
      int word = span.end() > span.begin() ? word(begins, span) : -1;
      wordOf[i] = word >= 0 && !begun[word] ? word : -1;
      if (word >= 0) {
        begun[word] = true;
      }
    }
    int missing = 0;
    for (boolean one : begun) {
      missing += one ? 0 : 1;
    }
    return new WordTokens(TokenSequence.of(ids), wordOf, missing);
  }

  /** The word in which a token's last char lies: tokens may begin with the space before it. */
  private static int word(int[] begins, TokenSpan span) {
    int found = Arrays.binarySearch(begins, span.end() - 1);
    return found >= 0 ? found : -found - 2;
  }

  /** Removes tokens with chars from the end, so that the special ones after them stay. */
  private static List<TokenSpan> truncated(List<TokenSpan> spans, int maxTokens) {
    if (spans.size() <= maxTokens) {
      return spans;
    }
    List<TokenSpan> kept = new ArrayList<>(spans);
    for (int i = kept.size() - 1; i >= 0 && kept.size() > maxTokens; i--) {
      if (kept.get(i).end() > kept.get(i).begin()) {
        kept.remove(i);
      }
    }
    return kept;
  }

  /** The label of each token; {@link TaskExample#IGNORED} for those that begin no word. */
  public float[] labels(int[] labelOfWord) {
    float[] labels = new float[wordOf.length];
    for (int i = 0; i < labels.length; i++) {
      labels[i] = wordOf[i] < 0 ? TaskExample.IGNORED : labelOfWord[wordOf[i]];
    }
    return labels;
  }
}
