package dev.lora4j.cli.show;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.lora.config.PlanListing;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The modules that an adapter would train; equal modules of numbered layers share a line.
 *
 * @param ofBase number of parameters of the base
 */
public record PlanTable(PlanListing listing, long ofBase) {
  private static final Pattern NUMBER = Pattern.compile("(?<=\\.)\\d+(?=\\.)");

  /** Modules that differ by the number of their layer alone. */
  private record Line(List<PlanListing.Row> rows) {
    PlanListing.Row first() {
      return rows.get(0);
    }

    long parameters() {
      return rows.stream().mapToLong(PlanListing.Row::parameters).sum();
    }

    long bytes() {
      return rows.stream().mapToLong(PlanListing.Row::bytes).sum();
    }

    /** Such as {@code model.layers.0…29.self_attn.q_proj}. */
    String path() {
      String last = rows.get(rows.size() - 1).path();
      Matcher number = NUMBER.matcher(last);
      return rows.size() == 1 || !number.find()
          ? first().path()
          : NUMBER.matcher(first().path()).replaceFirst("$0…" + number.group());
    }
  }

  private record Kind(String path, String kind, List<Long> shape, int rank, double scaling) {
    static Kind of(PlanListing.Row row) {
      String path = NUMBER.matcher(row.path()).replaceFirst("#");
      return new Kind(path, row.kind(), row.shape(), row.rank(), row.scaling());
    }
  }

  /** Returns the lines; a gap between the numbers of layers begins a new one. */
  private List<Line> lines() {
    Map<Kind, List<Line>> byKind = new LinkedHashMap<>();
    for (PlanListing.Row row : listing.rows()) {
      List<Line> same = byKind.computeIfAbsent(Kind.of(row), kind -> new ArrayList<>());
      if (same.isEmpty() || !follows(same.get(same.size() - 1), row)) {
        same.add(new Line(new ArrayList<>()));
      }
      same.get(same.size() - 1).rows().add(row);
    }
    return byKind.values().stream().flatMap(List::stream).toList();
  }

  private static boolean follows(Line line, PlanListing.Row row) {
    int last = number(line.rows().get(line.rows().size() - 1).path());
    return last >= 0 && number(row.path()) == last + 1;
  }

  private static int number(String path) {
    Matcher number = NUMBER.matcher(path);
    return number.find() ? Integer.parseInt(number.group()) : -1;
  }

  public void print(PrintStream out) {
    TextTable table =
        new TextTable("module", "kind", "shape", "rank", "scaling", "parameters", "bytes");
    for (Line line : lines()) {
      PlanListing.Row row = line.first();
      table.row(
          line.path(),
          row.kind(),
          row.shape().toString(),
          row.rank() == 0 ? "–" : String.valueOf(row.rank()),
          row.rank() == 0 ? "–" : NumberFormats.plain(row.scaling()),
          NumberFormats.count(line.parameters()),
          NumberFormats.bytes(line.bytes()));
    }
    table.print(out);
    out.printf(
        "%s modules; trainable parameters: %s (%s of %s in the base), %s in float32%n",
        NumberFormats.count(listing.rows().size()),
        NumberFormats.count(listing.parameters()),
        share(),
        NumberFormats.count(ofBase),
        NumberFormats.bytes(listing.bytes()));
  }

  /** The share in the base; with two digits below a tenth of a percent. */
  private String share() {
    double share = (double) listing.parameters() / ofBase;
    return share < 1e-3
        ? NumberFormats.format("%.3f %%", 100 * share)
        : NumberFormats.percent(share);
  }

  public void fill(ObjectNode root) {
    for (PlanListing.Row row : listing.rows()) {
      ObjectNode module = root.withArray("modules").addObject();
      module.put("path", row.path());
      module.put("kind", row.kind());
      row.shape().forEach(module.withArray("shape")::add);
      module.put("rank", row.rank());
      module.put("scaling", row.scaling());
      module.put("parameters", row.parameters());
      module.put("bytes", row.bytes());
    }
    root.put("parameters", listing.parameters());
    root.put("bytes", listing.bytes());
    root.put("base_parameters", ofBase);
    root.put("share", (double) listing.parameters() / ofBase);
  }
}
