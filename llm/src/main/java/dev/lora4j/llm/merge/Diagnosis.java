package dev.lora4j.llm.merge;

import java.util.List;

/** The findings of checking an adapter against a base, problems first. */
public record Diagnosis(List<Finding> findings) {

  public Diagnosis {
    findings = List.copyOf(findings);
  }

  public enum Severity {
    /** The adapter can't be used with this base. */
    PROBLEM,
    /** It can be used, but something is unusual. */
    ODD,
    /** A remark. */
    NOTE
  }

  /**
   * A finding.
   *
   * @param severity its severity
   * @param what the problem, with the expected and the found value
   * @param remedy a remedy; may be empty
   */
  public record Finding(Severity severity, String what, String remedy) {}

  /** Returns whether the adapter can be used with this base. */
  public boolean fits() {
    return findings.stream().noneMatch(f -> f.severity() == Severity.PROBLEM);
  }
}
