package dev.lora4j.models;

import dev.lora4j.UserError;
import dev.lora4j.models.CausalAttention.Text;
import dev.lora4j.nn.Ops;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;

/**
 * Texts side by side, cut wherever a token does not follow on the one before it. What a branch
 * follows on are the beginnings of earlier ones, so all that its tokens see is one after the other:
 * those, and the branch itself.
 */
final class Branches {
  /** The beginning of an earlier branch; {@code start} is a place in all rows. */
  private record Run(int branch, int start, int length) {}

  private record Branch(int length, List<Run> before) {
    long past() {
      return before.stream().mapToLong(Run::length).sum();
    }
  }

  private final long[] ends;
  private final int width;
  private final List<Branch> branches = new ArrayList<>();

  private Branches(long[] ends, int width) {
    this.ends = ends;
    this.width = width;
  }

  /**
   * @param ends {@code [batch, tokens]}, as in {@link Tokens}
   * @throws UserError if a token ends after one that it follows on
   */
  static Branches of(Tensor ends) {
    Branches made = new Branches(Ops.longs(ends.cpu()), Math.toIntExact(ends.size(1)));
    for (int row = 0; row < made.ends.length; row += made.width) {
      made.addRow(row);
    }
    return made;
  }

  private void addRow(int row) {
    List<Run> path = List.of();
    int start = row;
    while (start < row + width) {
      int end = endOf(start, row, path);
      branches.add(new Branch(end - start, path));
      path = goingOn(path, start, end, row);
      start = end;
    }
  }

  private int endOf(int start, int row, List<Run> path) {
    if (!path.isEmpty()) {
      Run last = path.get(path.size() - 1);
      check(last.start() + last.length() - 1, start);
    }
    int end = start + 1;
    while (end < row + width && ends[end - 1] > end - row) {
      check(end - 1, end);
      end++;
    }
    return end;
  }

  private void check(int before, int place) {
    if (ends[place] > ends[before]) {
      throw new UserError(
          "ends: the token at %d follows on that at %d, which ends at %d; expected no later end, found %d"
              .formatted(place % width, before % width, ends[before], ends[place]));
    }
  }

  /** What whoever comes at a place follows on: as much of the path as does not end there. */
  private List<Run> goingOn(List<Run> path, int start, int place, int row) {
    List<Run> all = new ArrayList<>(path);
    all.add(new Run(branches.size() - 1, start, place - start));
    List<Run> open = new ArrayList<>();
    for (Run run : all) {
      int length = 0;
      while (length < run.length() && ends[run.start() + length] > place - row) {
        length++;
      }
      if (length > 0) {
        open.add(new Run(run.branch(), run.start(), length));
      }
    }
    return List.copyOf(open);
  }

  /** Each branch, with what it follows on. */
  List<Text> texts() {
    return branches.stream().map(branch -> new Text(branch.past(), branch.length())).toList();
  }

  /**
   * Cuts what there is of all tokens.
   *
   * @param x {@code [batch, tokens, heads, dim]}
   * @return of each branch, {@code [1, length, heads, dim]}
   */
  List<Tensor> split(Tensor x) {
    long[] lengths = branches.stream().mapToLong(Branch::length).toArray();
    TensorVector parts = x.view(1, -1, x.size(2), x.size(3)).split_with_sizes(lengths, 1);
    List<Tensor> list = new ArrayList<>();
    for (int i = 0; i < lengths.length; i++) {
      list.add(new Tensor(parts.get(i))); // which lives on without the vector
    }
    return list;
  }

  /**
   * What each branch sees.
   *
   * @param parts of each branch, {@code [1, length, …]}
   * @return of each branch, {@code [1, past + length, …]}
   */
  List<Tensor> paths(List<Tensor> parts) {
    List<Tensor> paths = new ArrayList<>();
    for (int i = 0; i < parts.size(); i++) {
      List<Tensor> path = new ArrayList<>();
      for (Run run : branches.get(i).before()) {
        path.add(parts.get(run.branch()).narrow(1, 0, run.length()));
      }
      path.add(parts.get(i));
      paths.add(path.size() == 1 ? parts.get(i) : Ops.join(1, path.toArray(Tensor[]::new)));
    }
    return paths;
  }
}
