package dev.lora4j.llm.encoder;

import dev.lora4j.UserError;
import dev.lora4j.nn.kernel.Ops;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The N tokens of a batch without its padding, one text after the other, so that no layer computes
 * padding. Texts are ordered by group, such as their adapter, and within a group by length. Texts
 * of one length form a {@link Block}, which attends in one call without a mask; {@link #byLength}
 * puts tokens into the order of the blocks. Tensors belong to the caller's pointer scope.
 */
public final class UnpaddedTokens {
  private final List<Text> texts; // in the order of the tokens
  private final List<Text> textsByLength;
  private final List<Block> blocks;
  private final Optional<Order> order;
  private final int batch;
  private final long width;
  private final Device device;

  /**
   * The tokens of a text.
   *
   * @param row its row in the batch
   * @param columns the column of each token in the padded batch
   */
  @SuppressWarnings("ArrayRecordComponent") // arrays, but instances are never compared
  private record Text(int row, long[] ids, long[] types, long[] columns) {
    long length() {
      return ids.length;
    }
  }

  /**
   * Texts of one length, consecutive in {@link #byLength}.
   *
   * @param from the first token
   * @param firstText the first text
   * @param texts number of texts
   * @param length number of tokens of each
   */
  public record Block(long from, long firstText, long texts, long length) {

    /** Returns these texts' part of {@code [N, H]} as {@code [texts, length, H]}. */
    public Tensor of(Tensor byLength) {
      return byLength.narrow(0, from, texts * length).view(texts, length, byLength.size(1));
    }

    /** Returns these texts' rows of {@code [B, H]} as {@code [texts, 1, H]}. */
    public Tensor ofTexts(Tensor byLength) {
      return byLength.narrow(0, firstText, texts).unsqueeze(1);
    }
  }

  /**
   * Indices that put tokens, or texts, into the order of the blocks, and back.
   *
   * @param tokens {@code [N]}
   * @param texts {@code [B]}
   */
  private record Order(Tensor tokens, Tensor tokensBack, Tensor texts, Tensor textsBack) {}

  private UnpaddedTokens(
      List<Text> inBatch, Function<Text, String> group, long width, Device device) {
    texts =
        inBatch.stream()
            .sorted(Comparator.comparing(group).thenComparingLong(Text::length))
            .toList();
    textsByLength = texts.stream().sorted(Comparator.comparingLong(Text::length)).toList();
    blocks = blocks(textsByLength);
    batch = inBatch.size();
    this.width = width;
    this.device = device;
    order = texts.equals(textsByLength) ? Optional.empty() : Optional.of(order());
  }

  private Order order() {
    IdentityHashMap<Text, Integer> places = new IdentityHashMap<>(); // texts may be equal
    long[] starts = starts();
    for (int i = 0; i < batch; i++) {
      places.put(texts.get(i), i);
    }
    long[] ofTexts = textsByLength.stream().mapToLong(places::get).toArray();
    long[] ofTokens =
        Arrays.stream(ofTexts)
            .flatMap(i -> LongStream.range(starts[(int) i], starts[(int) i + 1]))
            .toArray();
    Tensor tokens = index(ofTokens);
    Tensor rows = index(ofTexts);
    return new Order(tokens, tokens.argsort(), rows, rows.argsort());
  }

  /** The first token of each text, and at last the number of tokens. */
  private long[] starts() {
    long[] starts = new long[batch + 1];
    for (int i = 0; i < batch; i++) {
      starts[i + 1] = starts[i] + texts.get(i).length();
    }
    return starts;
  }

  /** Removes the padding of texts; each row has a token. */
  public static UnpaddedTokens of(EncoderInput input) {
    int rows = Math.toIntExact(input.inputIds().size(0));
    int width = Math.toIntExact(input.inputIds().size(1));
    long[] ids = Ops.longs(input.inputIds());
    long[] mask = Ops.longs(input.attentionMask().to(ScalarType.Long));
    long[] types = input.tokenTypeIds().map(Ops::longs).orElseGet(() -> new long[ids.length]);
    List<Text> texts = new ArrayList<>();
    for (int row = 0; row < rows; row++) {
      int from = row * width;
      int[] cells = IntStream.range(from, from + width).filter(cell -> mask[cell] != 0).toArray();
      texts.add(
          new Text(
              row,
              Arrays.stream(cells).mapToLong(cell -> ids[cell]).toArray(),
              Arrays.stream(cells).mapToLong(cell -> types[cell]).toArray(),
              Arrays.stream(cells).mapToLong(cell -> cell - from).toArray()));
    }
    return checked(texts, text -> "", width, input.inputIds().device());
  }

  /** The tokens of texts that were never padded. */
  public static UnpaddedTokens of(List<TokenSequence> sequences, Device device) {
    return checked(texts(sequences), text -> "", device);
  }

  /**
   * The tokens of texts that were never padded, texts of one group next to each other.
   *
   * @param groups the group of each text
   */
  public static UnpaddedTokens of(
      List<TokenSequence> sequences, List<String> groups, Device device) {
    return checked(texts(sequences), text -> groups.get(text.row()), device);
  }

  private static List<Text> texts(List<TokenSequence> sequences) {
    List<Text> texts = new ArrayList<>();
    for (TokenSequence sequence : sequences) {
      int length = sequence.length();
      texts.add(
          new Text(
              texts.size(),
              Arrays.stream(sequence.ids()).asLongStream().toArray(),
              IntStream.range(0, length).mapToLong(sequence::typeId).toArray(),
              LongStream.range(0, length).toArray()));
    }
    return texts;
  }

  private static UnpaddedTokens checked(
      List<Text> texts, Function<Text, String> group, Device device) {
    return checked(texts, group, texts.stream().mapToLong(Text::length).max().orElse(0), device);
  }

  private static UnpaddedTokens checked(
      List<Text> texts, Function<Text, String> group, long width, Device device) {
    if (texts.isEmpty() || texts.stream().anyMatch(text -> text.length() == 0)) {
      throw new UserError("an encoder needs at least one text, and of each at least one token");
    }
    return new UnpaddedTokens(texts, group, width, device);
  }

  private static List<Block> blocks(List<Text> texts) {
    List<Block> blocks = new ArrayList<>();
    long from = 0;
    for (int first = 0; first < texts.size(); ) {
      long length = texts.get(first).length();
      int next = first;
      while (next < texts.size() && texts.get(next).length() == length) {
        next++;
      }
      blocks.add(new Block(from, first, next - first, length));
      from += (next - first) * length;
      first = next;
    }
    return blocks;
  }

  /** The texts, grouped by length. */
  public List<Block> blocks() {
    return blocks;
  }

  /** Token ids, {@code [N]}. */
  public Tensor ids() {
    return tensor(text -> Arrays.stream(text.ids()));
  }

  /** The largest token id. */
  long largestId() {
    return texts.stream().flatMapToLong(text -> Arrays.stream(text.ids())).max().orElse(0);
  }

  /** Token types, {@code [N]}. */
  public Tensor types() {
    return tensor(text -> Arrays.stream(text.types()));
  }

  /** The column of each token in the padded batch, {@code [N]}. */
  public Tensor columns() {
    return tensor(text -> Arrays.stream(text.columns()));
  }

  /** Number of columns of the padded batch. */
  public long width() {
    return width;
  }

  /**
   * Returns position ids that count from {@code padId + 1}; tokens with the id of the padding token
   * are not counted and have the position {@code padId}: {@code [N]}.
   */
  public Tensor positionsAfter(int padId) {
    return tensor(
        text -> {
          long[] positions = new long[text.ids().length];
          long next = padId + 1L;
          for (int i = 0; i < positions.length; i++) {
            positions[i] = text.ids()[i] == padId ? padId : next++;
          }
          return Arrays.stream(positions);
        });
  }

  private interface Values {
    LongStream of(Text text);
  }

  private Tensor tensor(Values values) {
    return index(texts.stream().flatMapToLong(values::of).toArray());
  }

  private Tensor index(long... values) {
    return Ops.tensor(values).to(device, ScalarType.Long);
  }

  // ---- order ----

  /** Puts rows of tokens into the order of the blocks, {@code [N, H]}. */
  public Tensor byLength(Tensor ofTokens) {
    return order.map(found -> ofTokens.index_select(0, found.tokens())).orElse(ofTokens);
  }

  /** Puts rows of tokens back from the order of the blocks, {@code [N, H]}. */
  public Tensor fromLengths(Tensor byLength) {
    return order.map(found -> byLength.index_select(0, found.tokensBack())).orElse(byLength);
  }

  /** Puts rows of texts into the order of the blocks, {@code [B, H]}. */
  public Tensor textsByLength(Tensor ofTexts) {
    return order.map(found -> ofTexts.index_select(0, found.texts())).orElse(ofTexts);
  }

  /** Puts rows of texts back from the order of the blocks, {@code [B, H]}. */
  public Tensor textsFromLengths(Tensor byLength) {
    return order.map(found -> byLength.index_select(0, found.textsBack())).orElse(byLength);
  }

  /** Returns the rows of each text's first token, {@code [B, H]}, in the order of the tokens. */
  public Tensor first(Tensor ofTokens) {
    return ofTokens.index_select(0, index(Arrays.copyOf(starts(), batch)));
  }

  /** Puts rows of texts, which are in the order of the tokens, into that of the batch. */
  public Tensor inBatch(Tensor ofTexts) {
    return inBatch(ofTexts, texts);
  }

  private Tensor inBatch(Tensor rows, List<Text> order) {
    long[] placeOf = new long[batch];
    for (int i = 0; i < batch; i++) {
      placeOf[order.get(i).row()] = i;
    }
    return isAscending(placeOf) ? rows : rows.index_select(0, index(placeOf));
  }

  /**
   * Puts hidden states back into the padded batch, with zeros for padding.
   *
   * @param hidden {@code [N, H]}
   * @return {@code [B, T, H]}
   */
  public Tensor padded(Tensor hidden) {
    long all = batch * width;
    long[] cells =
        texts.stream()
            .flatMapToLong(
                text -> Arrays.stream(text.columns()).map(column -> text.row() * width + column))
            .toArray();
    boolean isSame = cells.length == all && isAscending(cells);
    Tensor rows =
        isSame
            ? hidden
            : torch
                .zeros(new long[] {all, hidden.size(1)}, hidden.options())
                .index_copy(0, index(cells), hidden);
    return rows.view(batch, width, hidden.size(1));
  }

  private static boolean isAscending(long... values) {
    return IntStream.range(1, values.length).allMatch(i -> values[i - 1] < values[i]);
  }

  /**
   * Pools each text's hidden states into one vector.
   *
   * @param hidden {@code [N, H]}
   * @param pooling from {@code [texts, length, H]} to {@code [texts, H]}
   * @return {@code [B, H]}, in the order of the batch
   */
  public Tensor pooled(Tensor hidden, UnaryOperator<Tensor> pooling) {
    Tensor ordered = byLength(hidden);
    Tensor[] pooled =
        blocks.stream().map(block -> pooling.apply(block.of(ordered))).toArray(Tensor[]::new);
    return inBatch(pooled.length == 1 ? pooled[0] : Ops.join(0, pooled), textsByLength);
  }

  /** Returns the value of each token's row, such as its adapter. */
  public <T> List<T> ofTokens(List<T> ofRows) {
    List<T> all = new ArrayList<>();
    for (Text text : texts) {
      T own = ofRows.get(text.row());
      all.addAll(Collections.nCopies(text.ids().length, own));
    }
    return all;
  }

  /** Returns the value of each text's row, in the order of the tokens. */
  public <T> List<T> ofTexts(List<T> ofRows) {
    return texts.stream().map(text -> ofRows.get(text.row())).toList();
  }
}
