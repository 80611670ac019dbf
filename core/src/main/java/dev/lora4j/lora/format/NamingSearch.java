package dev.lora4j.lora.format;

import dev.lora4j.UserError;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Finds the prefix that maps the names in a base to the paths in an adapter: PEFT's paths start at
 * the class that was loaded, a file's at the class that was saved, and they may differ by {@code
 * model.}, {@code transformer.} or {@code language_model.}.
 */
public final class NamingSearch {
  private static final String HEAD = "lm_head"; // above every prefix

  private final Set<String> base;
  private final Collection<String> wanted;

  private NamingSearch(Set<String> base, Collection<String> wanted) {
    this.base = base;
    this.wanted = wanted;
  }

  /**
   * Returns the mapping under which the base has all paths of the adapter; the identity if there is
   * none.
   *
   * @throws UserError if there are several
   */
  public static Naming find(Set<String> base, Collection<String> adapter) {
    List<String> wanted = adapter.stream().filter(path -> !path.equals(HEAD)).toList();
    NamingSearch search = new NamingSearch(base, wanted);
    if (search.fits(Naming.asSaved())) {
      return Naming.asSaved();
    }
    List<Naming> fitting = search.candidates().stream().filter(search::fits).toList();
    if (fitting.size() > 1) {
      throw new UserError(
          "the adapter's paths fit the base in more than one way: "
              + String.join("; or ", fitting.stream().map(Naming::describe).toList()));
    }
    return fitting.isEmpty() ? Naming.asSaved() : fitting.get(0);
  }

  private boolean fits(Naming naming) {
    return wanted.stream().map(naming::name).allMatch(base::contains);
  }

  private Set<Naming> candidates() {
    Set<Naming> candidates = new LinkedHashSet<>();
    List<String> missing = wanted.stream().filter(path -> !base.contains(path)).toList();
    if (missing.isEmpty()) {
      return candidates;
    }
    String path = missing.get(0);
    for (String name : base) {
      List<String> prefixes = prefixes(name, path);
      if (!prefixes.isEmpty()) {
        candidates.add(new Naming(prefixes.get(0), prefixes.get(1)));
      }
    }
    return candidates;
  }

  /**
   * Returns the prefixes before the longest common suffix of two paths, if that suffix is
   * significant: it is one of the paths, or contains a layer number.
   */
  private static List<String> prefixes(String name, String path) {
    List<String> a = List.of(name.split("\\."));
    List<String> b = List.of(path.split("\\."));
    int common = 0;
    while (common < Math.min(a.size(), b.size())
        && a.get(a.size() - 1 - common).equals(b.get(b.size() - 1 - common))) {
      common++;
    }
    List<String> end = b.subList(b.size() - common, b.size());
    boolean meaningful =
        common > 0
            && (common == a.size()
                || common == b.size()
                || end.stream().anyMatch(part -> part.matches("\\d+")));
    return meaningful ? List.of(before(a, common), before(b, common)) : List.of();
  }

  private static String before(List<String> parts, int common) {
    List<String> rest = parts.subList(0, parts.size() - common);
    return rest.isEmpty() ? "" : String.join(".", rest) + ".";
  }
}
