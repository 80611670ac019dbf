package dev.lora4j.llm.model;

import dev.lora4j.llm.model.CausalAttention.Text;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.runtime.CostModel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;

/**
 * Token sequences in one row, with each prefix that several of them share computed once (Wang and
 * Hegde 2024, arXiv:2410.20305, §3): {@code 5 6 7} and {@code 5 6 8 9} are {@code 5 6 7 8 9} with
 * positions {@code 0 1 2 2 3}. The row consists of branches, depth first: a branch continues the
 * prefix of an earlier one, and its tokens attend to that prefix and to the branch itself. A token
 * therefore means the same to the model as in a row of its own. Immutable.
 */
public final class PrefixTree {
  /** The first tokens of an earlier branch. */
  private record Run(int branch, int length) {}

  private record Branch(int start, List<Run> prefix) {}

  private final List<int[]> sequences;
  private final int[] order;
  private final int[] shared;
  private final int[] tokens;
  private final int[] positions;
  private final int[][] indices;
  private final List<Branch> branches = new ArrayList<>();
  private int size;

  private PrefixTree(List<int[]> sequences) {
    this.sequences = sequences;
    order =
        IntStream.range(0, sequences.size())
            .boxed()
            .sorted((one, other) -> Arrays.compare(sequences.get(one), sequences.get(other)))
            .mapToInt(Integer::intValue)
            .toArray();
    shared = IntStream.range(0, order.length).map(this::shared).toArray();
    int total = sequences.stream().mapToInt(s -> s.length).sum() - Arrays.stream(shared).sum();
    tokens = new int[total];
    positions = new int[total];
    indices = new int[order.length][];
    int[] path = {};
    for (int rank = 0; rank < order.length; rank++) {
      if (rank == 0 || shared[rank] < path.length) {
        branches.add(new Branch(size, prefix(shared[rank])));
      }
      path = append(inOrder(rank), Arrays.copyOf(path, shared[rank]));
      indices[order[rank]] = path;
    }
  }

  /** Builds the tree of these sequences, which it keeps and does not change. */
  public static PrefixTree of(List<int[]> sequences) {
    return new PrefixTree(List.copyOf(sequences));
  }

  private int shared(int rank) {
    if (rank == 0) {
      return 0;
    }
    int[] sequence = inOrder(rank);
    int different = Arrays.mismatch(sequence, inOrder(rank - 1));
    int common = different < 0 ? sequence.length : different;
    return sequence.length > (long) CostModel.SHARED_PREFIX_MAX_RATIO * common + common
        ? 0
        : common;
  }

  /** The first tokens of the path that ends with the last branch. */
  private List<Run> prefix(int length) {
    if (branches.isEmpty() || length == 0) {
      return List.of();
    }
    int last = branches.size() - 1;
    List<Run> path = new ArrayList<>(branches.get(last).prefix());
    path.add(new Run(last, length(last)));
    List<Run> prefix = new ArrayList<>();
    int left = length;
    for (Run run : path) {
      if (left > 0) {
        prefix.add(new Run(run.branch(), Math.min(left, run.length())));
        left -= run.length();
      }
    }
    return prefix;
  }

  private int[] append(int[] sequence, int... prefix) {
    int[] path = Arrays.copyOf(prefix, sequence.length);
    for (int i = prefix.length; i < path.length; i++) {
      tokens[size] = sequence[i];
      positions[size] = i;
      path[i] = size++;
    }
    return path;
  }

  private int length(int branch) {
    int end = branch + 1 < branches.size() ? branches.get(branch + 1).start() : size;
    return end - branches.get(branch).start();
  }

  // ---- the row ----
  public int size() {
    return size;
  }

  /** The ids, {@code [size]}; read only. */
  public int[] tokens() {
    return tokens;
  }

  /** The position ids, {@code [size]}, counted from 0 in each sequence; read only. */
  public int[] positions() {
    return positions;
  }

  /** Index into the row of a sequence's token. */
  public int place(int sequence, int index) {
    return indices[sequence][index];
  }

  public int sequences() {
    return order.length;
  }

  /** Index, among the sequences given, of the one at a rank when sorted by tokens. */
  public int sequenceAt(int rank) {
    return order[rank];
  }

  /** Number of tokens of the sequence at a rank. */
  public int lengthAt(int rank) {
    return inOrder(rank).length;
  }

  /** Number of tokens that the sequence at a rank shares with the one at the rank before. */
  public int sharedAt(int rank) {
    return shared[rank];
  }

  private int[] inOrder(int rank) {
    return sequences.get(order[rank]);
  }

  // ---- attention ----

  /** Each branch with the length of its prefix. */
  List<Text> texts() {
    return IntStream.range(0, branches.size())
        .mapToObj(
            i ->
                new Text(branches.get(i).prefix().stream().mapToLong(Run::length).sum(), length(i)))
        .toList();
  }

  /** Splits {@code [batch, tokens, heads, dim]} into branches, {@code [1, length, heads, dim]}. */
  List<Tensor> split(Tensor x) {
    long[] lengths = IntStream.range(0, branches.size()).mapToLong(this::length).toArray();
    TensorVector parts = x.view(1, -1, x.size(2), x.size(3)).split_with_sizes(lengths, 1);
    List<Tensor> list = new ArrayList<>();
    for (int i = 0; i < lengths.length; i++) {
      list.add(new Tensor(parts.get(i))); // outlives the vector
    }
    return list;
  }

  /** Joins each branch, {@code [1, length, …]}, with its prefix, {@code [1, all, …]}. */
  List<Tensor> paths(List<Tensor> parts) {
    List<Tensor> paths = new ArrayList<>();
    for (int i = 0; i < parts.size(); i++) {
      List<Tensor> path = new ArrayList<>();
      for (Run run : branches.get(i).prefix()) {
        path.add(parts.get(run.branch()).narrow(1, 0, run.length()));
      }
      path.add(parts.get(i));
      paths.add(path.size() == 1 ? parts.get(i) : Ops.join(1, path.toArray(Tensor[]::new)));
    }
    return paths;
  }
}
