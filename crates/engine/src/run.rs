//! A run as the engine sees it: the row's identity, its flow, what it has used.

use drover_domain::activities::{Cost, Usage};
use drover_domain::executions::{ExecutionFlow, Limits, Status, Tell};
use drover_domain::{Doing, Error, ExecutionId, OrgId, QueueId, Result};
use drover_store::executions::entity;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::step::Speaker;

/// A run about to be accepted.
#[derive(Debug, Clone)]
pub struct NewRun {
    /// The row; `flow`, `version`, `status` and `usage` are filled by the engine.
    pub row: entity::Model,
    /// What it may use.
    pub limits: Limits,
    /// Stay open for messages.
    pub interactive: bool,
    /// Messages it takes over from a parent, stored forms in order.
    pub history: Vec<drover_domain::messages::Message>,
    /// Who says the prompt.
    pub speaker: Speaker,
}

/// A run between two events.
#[derive(Debug, Clone)]
pub struct Run {
    /// Which run.
    pub id: ExecutionId,
    /// Whose.
    pub organization: OrgId,
    /// The queue its activities go to.
    pub queue: QueueId,
    /// The agent (or team).
    pub entity_id: String,
    /// The system prompt of this run, if it has one of its own.
    pub system_prompt: Option<String>,
    /// The configuration of this run over the agent's.
    pub config: Value,
    /// Counts the writes.
    pub version: i64,
    /// The state of the flow.
    pub flow: ExecutionFlow,
    /// What was used so far.
    pub spent: Spent,
    /// What its foreign workflow is to be told, since the last write.
    pub(crate) tells: Vec<Tell>,
}

/// What a run has used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spent {
    /// Tokens.
    pub usage: Usage,
    /// Money in millionths of a US dollar; `None` once a model without a known price was used.
    pub micro_usd: Option<u64>,
    /// The price table.
    pub price_version: Option<String>,
    /// Model turns counted.
    pub turns: u32,
    /// The last model used.
    pub model: Option<String>,
}

/// The stored form: short names, since every turn writes it.
#[derive(Deserialize, Serialize)]
struct StoredUsage {
    i: u64,
    o: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    c: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    r: u64,
    n: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    usd: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    price: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    model: Option<String>,
}

fn is_zero(n: &u64) -> bool {
    *n == 0
}

impl Spent {
    /// Adds a turn.
    pub fn add(&mut self, usage: Usage, cost: Option<&Cost>, model: &str) {
        let unpriced = self.turns > 0 && self.micro_usd.is_none();
        self.usage = self.usage.plus(usage);
        self.turns += 1;
        self.model = Some(model.to_owned());
        self.micro_usd = match (unpriced, cost) {
            (false, Some(cost)) => Some(self.micro_usd.unwrap_or(0).saturating_add(cost.micro_usd)),
            _ => None,
        };
        if let Some(cost) = cost {
            self.price_version = Some(cost.price_version.clone());
        }
    }

    /// The wire form, with tokens in both spellings.
    pub fn to_wire(&self) -> Value {
        if self.turns == 0 {
            return json!({});
        }
        let Usage { input, output, cached, reasoning } = self.usage;
        #[expect(clippy::cast_precision_loss, reason = "a price in dollars, for people")]
        let dollars = self.micro_usd.map(|micros| micros as f64 / 1e6);
        json!({
            "prompt_tokens": input, "completion_tokens": output,
            "input_tokens": input, "output_tokens": output,
            "total_tokens": self.usage.total(),
            "cached_tokens": cached, "reasoning_tokens": reasoning,
            "cost_usd": dollars, "cost_micro_usd": self.micro_usd,
            "price_version": self.price_version, "turns": self.turns, "model": self.model,
        })
    }

    /// The stored form.
    pub(crate) fn to_stored(&self) -> Value {
        if self.turns == 0 {
            return json!({});
        }
        let Usage { input, output, cached, reasoning } = self.usage;
        json!(StoredUsage {
            i: input,
            o: output,
            c: cached,
            r: reasoning,
            n: self.turns,
            usd: self.micro_usd,
            price: self.price_version.clone(),
            model: self.model.clone(),
        })
    }

    /// Reads the stored form.
    pub fn from_stored(value: &Value) -> Self {
        let Ok(stored) = StoredUsage::deserialize(value) else {
            return Self::default();
        };
        Self {
            usage: Usage {
                input: stored.i,
                output: stored.o,
                cached: stored.c,
                reasoning: stored.r,
            },
            micro_usd: stored.usd,
            price_version: stored.price,
            turns: stored.n,
            model: stored.model,
        }
    }
}

impl Run {
    /// Reads a row.
    pub fn from_row(row: &entity::Model) -> Result<Self> {
        let flow: ExecutionFlow = serde_json::from_str(&row.flow).doing("read a run's flow")?;
        Ok(Self {
            id: ExecutionId(row.id),
            organization: OrgId::new(row.organization_id.clone()),
            queue: QueueId(row.worker_queue_id),
            entity_id: row.entity_id.clone(),
            system_prompt: row.system_prompt.clone(),
            config: row.config.clone(),
            version: row.version,
            flow,
            spent: Spent::from_stored(&row.usage),
            tells: Vec::new(),
        })
    }

    /// The error for a signal to a run that is over, or done but for its current turn; names the way on.
    pub(crate) fn over(&self) -> Error {
        let stands = match self.flow.status.is_terminal() {
            true => self.flow.status.as_str(),
            false => "marked as done",
        };
        Error::conflict(format!(
            "Execution is {stands}; start a new one with `parent_execution_id` {} to continue its conversation",
            self.id
        ))
    }

    /// Where it stands.
    pub fn status(&self) -> Status {
        self.flow.status
    }
}
