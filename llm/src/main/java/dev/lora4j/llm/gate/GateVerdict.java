package dev.lora4j.llm.gate;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/** The verdict of a gate: it passes if all checks do. */
public record GateVerdict(List<GateFinding> findings) {
  public GateVerdict {
    findings = List.copyOf(findings);
  }

  public boolean passed() {
    return findings.stream().allMatch(GateFinding::passed);
  }

  /** The reasons of the checks that failed. */
  public List<String> reasons() {
    return findings.stream().filter(finding -> !finding.passed()).map(GateFinding::reason).toList();
  }

  /** Writes {@code passed} and the {@code checks} into a JSON object. */
  public void fill(ObjectNode target) {
    target.put("passed", passed());
    ArrayNode checks = target.putArray("checks");
    for (GateFinding finding : findings) {
      ObjectNode check = checks.addObject();
      check.put("check", finding.check().word());
      check.put("passed", finding.passed());
      check.put("reason", finding.reason());
      finding.figures().forEach(check::put);
    }
  }
}
