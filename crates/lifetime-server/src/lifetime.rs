//! The LifeTime API v2.

use crate::answer::Answer;
use crate::server::Options;
use crate::state::{Connection, Environment, Holder, LEVELS, PROVIDERS, Permission, State};
use crate::wire::Request;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

const BASE: &str = "/lifetimeapi/rest/v2/";

/// The answer, after the deed; nothing where the path is none of the API's.
pub(crate) fn respond(request: &Request, state: &mut State, options: &Options) -> Option<Answer> {
    let path = request.path.strip_prefix(BASE)?;
    if request.header("authorization") != Some(&format!("Bearer {}", options.token)) {
        return Some(Answer::exception(401, "Invalid authentication token."));
    }
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let parts: Vec<String> = path
        .trim_end_matches('/')
        .split('/')
        .map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned())
        .collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let body = serde_json::from_str(&request.body).unwrap_or(Value::Null);
    let known = since(&request.method, &parts).is_some_and(|since| since <= options.version);
    if !known {
        return Some(Answer::exception(
            options.unknown_path,
            "The requested resource does not exist.",
        ));
    }
    Some(match (request.method.as_str(), parts.as_slice()) {
        ("GET", ["environments"]) => environments(state),
        ("GET", ["roles"]) => roles(state, query.contains("IncludeEnvPermissions=true")),
        ("POST", ["environments"]) => register(&body, state, options),
        ("DELETE", ["environments", key]) => unregister(key, state),
        ("GET", ["environments", "dbconnection", "permissionlevels"]) => levels(),
        (_, ["environments", key, ..]) if !state.environments.iter().any(|e| e.key == *key) => {
            Answer::exception(404, "Failed due to invalid environment key.")
        }
        (method, ["environments", key, rest @ ..]) => {
            connections(method, key, rest, &body, state, options)
        }
        _ => Answer::exception(404, "The requested resource does not exist."),
    })
}

/// The release of LifeTime 11 that has a call.
fn since(method: &str, parts: &[&str]) -> Option<u32> {
    Some(match (method, parts) {
        ("GET", ["environments"]) => 0,
        ("GET", ["roles"]) => 5,
        ("POST", ["environments"]) | ("DELETE", ["environments", _]) => 11,
        ("GET", ["environments", "dbconnection", "permissionlevels"])
        | ("GET", ["environments", _, "dbconnection", "dbproviders"])
        | ("POST", ["environments", _, "testdbconnection"])
        | ("GET" | "POST", ["environments", _, "dbconnections"])
        | ("PUT", ["environments", _, "dbconnections", _])
        | (
            "PUT",
            [
                "environments",
                _,
                "dbconnections",
                _,
                "rolepermissionlevel" | "userpermissionlevel",
            ],
        )
        | (
            "GET",
            [
                "environments",
                _,
                "dbconnections",
                _,
                "rolepermissionlevel" | "userpermissionlevel",
                _,
            ],
        ) => 13,
        _ => return None,
    })
}

fn environments(state: &State) -> Answer {
    if state.environments.is_empty() {
        return Answer::new(204, "");
    }
    let all = state.environments.iter().enumerate();
    let all: Value = all
        .map(|(position, environment)| environment.json(position))
        .collect();
    Answer::json(200, &all)
}

fn roles(state: &State, with_permissions: bool) -> Answer {
    let permissions = |list: &[Permission]| -> Value {
        list.iter()
            .map(|permission| {
                json!({
                    "environmentKey": permission.environment,
                    "level": permission.level,
                    "levelLabel": "",
                    "createApplications": permission.create,
                    "addDependenciesToSystem": permission.depend,
                })
            })
            .collect()
    };
    let all: Value = state
        .roles
        .iter()
        .map(|role| {
            let mut role_json = json!({
                "Key": role.key, "name": role.name, "manageInfrastructure": false, "manageTeams": false,
            });
            if with_permissions {
                role_json["environmentPermissions"] = permissions(&role.permissions);
            }
            role_json
        })
        .collect();
    Answer::json(200, &all)
}

fn unregister(key: &str, state: &mut State) -> Answer {
    let before = state.environments.len();
    state.environments.retain(|known| known.key != key);
    if state.environments.len() == before {
        let message = format!(
            "Failed to unregister the environment with key {key} because because it was not found."
        );
        return Answer::exception(404, message);
    }
    for role in &mut state.roles {
        role.permissions.retain(|known| known.environment != key);
    }
    state.connections.retain(|known| known.environment != key);
    Answer::new(204, "")
}

fn register(body: &Value, state: &mut State, options: &Options) -> Answer {
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let refused = |why: &str| {
        Answer::exception(
            400,
            format!(
                "Failed to register the environment because there are invalid parameters in the request. {why}"
            ),
        )
    };
    let (name, address) = (text("EnvironmentName"), text("EnvironmentAddress"));
    let position = body["EnvironmentPosition"].as_u64();
    let Some(position) = position.and_then(|position| usize::try_from(position).ok()) else {
        return refused("EnvironmentPosition is missing.");
    };
    if name.is_empty() || address.is_empty() || text("LifeTimeAddress").is_empty() {
        return refused("A parameter is missing.");
    }
    if [&address, &text("LifeTimeAddress")]
        .iter()
        .any(|it| it.contains("://"))
    {
        return refused("An address has a scheme.");
    }
    if text("ServiceCenterUsername") != options.administrator.0
        || text("ServiceCenterPassword") != options.administrator.1
    {
        return refused("Invalid Service Center credentials.");
    }
    let taken = |known: &Environment| known.name == name || known.address == address;
    if state.environments.iter().any(taken) {
        return refused("The environment is already registered.");
    }
    let overrides = body["OverridePreviousLifetime"].as_bool() == Some(true);
    if state.elsewhere.contains(&address) && !overrides {
        return refused("The environment is registered in another LifeTime.");
    }
    state.elsewhere.retain(|known| *known != address);
    state.registered += 1;
    let key = format!("00000000-0000-4000-8000-{:012}", state.registered);
    grant(&key, &body["EnvironmentRolePermissions"], state);
    let environment = Environment {
        key: key.clone(),
        name,
        address,
        version: options.platform.clone(),
        kind: "Test".to_owned(),
    };
    let position = position.min(state.environments.len());
    state.environments.insert(position, environment);
    let users = json!([{"Username": "jdoe", "Name": "J. Doe", "Email": "jdoe@example.com"}]);
    Answer::json(201, &json!({"EnvironmentKey": key, "ImportedUsers": users}))
}

/// What the roles may do in a new environment: as the request says, or else what the documentation calls the default.
fn grant(key: &str, asked: &Value, state: &mut State) {
    for role in &mut state.roles {
        let asked = asked
            .as_array()
            .and_then(|list| list.iter().find(|one| one["RoleKey"] == *role.key));
        let default = if role.name == "Administrator" { 6 } else { 2 };
        role.permissions.push(Permission {
            environment: key.to_owned(),
            level: asked.map_or(default, |one| one["PermissionLevel"].as_i64().unwrap_or(0)),
            create: asked.map_or(default == 6, |one| one["CanCreateApplications"] == true),
            depend: asked.map_or(default == 6, |one| {
                one["CanAddDependenciesToSystem"] == true
            }),
        });
    }
}

fn levels() -> Answer {
    let all: Value = LEVELS
        .iter()
        .map(|(id, label)| json!({"DbConnectionPermissionLevel": level(*id, label)}))
        .collect();
    Answer::json(200, &all)
}

fn level(id: i64, label: &str) -> Value {
    json!({"Id": id, "Label": label, "ShortLabel": label, "Description": label, "Level": id - 11})
}

fn connections(
    method: &str,
    key: &str,
    rest: &[&str],
    body: &Value,
    state: &mut State,
    options: &Options,
) -> Answer {
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let of = |known: &Connection, name: &str| known.environment == key && known.name == name;
    let missing = || Answer::exception(404, "Failed to retrieve DBConnection.");
    match (method, rest) {
        ("GET", ["dbconnections"]) => {
            let mine = state
                .connections
                .iter()
                .filter(|known| known.environment == key);
            Answer::json(200, &mine.map(Connection::json).collect())
        }
        ("GET", ["dbconnection", "dbproviders"]) => {
            let all = PROVIDERS.iter();
            Answer::json(
                200,
                &all.map(|(key, name)| json!({"DisplayName": name, "ProviderKey": key}))
                    .collect(),
            )
        }
        ("POST", ["testdbconnection"]) => match &options.database_trouble {
            None => Answer::new(200, ""),
            Some(trouble) => {
                let user = text("dbUsername");
                Answer::exception(
                    500,
                    format!("Failed to test DB Connection of {user}: {trouble}"),
                )
            }
        },
        ("POST", ["dbconnections"]) => {
            let connection = made(key, body);
            if state
                .connections
                .iter()
                .any(|known| of(known, &connection.name))
            {
                return Answer::exception(400, "The name is taken.");
            }
            let answer = Answer::json(201, &connection.json());
            state.connections.push(connection);
            answer
        }
        ("PUT", ["dbconnections", name]) => {
            let Some(known) = state.connections.iter_mut().find(|known| of(known, name)) else {
                return missing();
            };
            let permissions = std::mem::take(&mut known.permissions);
            *known = Connection {
                permissions,
                ..made(key, body)
            };
            Answer::new(200, "")
        }
        (method, ["dbconnections", name, kind, who @ ..]) => {
            let Some(known) = state.connections.iter_mut().find(|known| of(known, name)) else {
                return missing();
            };
            permission(method, kind, who, body, known)
        }
        _ => Answer::exception(404, "The requested resource does not exist."),
    }
}

fn made(environment: &str, body: &Value) -> Connection {
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    Connection {
        environment: environment.to_owned(),
        name: text("dbConnectionName"),
        provider: text("providerKey"),
        description: text("description"),
        username: text("dbUsername"),
        password: text("dbPassword"),
        parameters: text("dbConfigParams"),
        permissions: Vec::new(),
    }
}

fn permission(
    method: &str,
    kind: &str,
    who: &[&str],
    body: &Value,
    connection: &mut Connection,
) -> Answer {
    let holder = |name: &str| match kind {
        "rolepermissionlevel" => Holder::Role(name.to_owned()),
        _ => Holder::User(name.to_owned()),
    };
    match (method, who) {
        ("GET", [name]) => {
            let held = connection
                .permissions
                .iter()
                .find(|(known, _)| *known == holder(name));
            let id = held.map_or(LEVELS[0].0, |(_, id)| *id);
            let label = LEVELS.iter().find(|(known, _)| *known == id);
            Answer::json(200, &level(id, label.map_or("", |(_, label)| label)))
        }
        ("PUT", []) => {
            let name = body["role"].as_str().or(body["username"].as_str());
            let (Some(name), Some(level)) = (name, body["permissionLevel"].as_i64()) else {
                return Answer::exception(
                    400,
                    "Failed to update the permission level due to missing parameters.",
                );
            };
            let holder = holder(name);
            connection.permissions.retain(|(known, _)| *known != holder);
            connection.permissions.push((holder, level));
            Answer::new(200, "")
        }
        _ => Answer::exception(404, "The requested resource does not exist."),
    }
}
